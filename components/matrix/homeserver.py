"""Configuration of Synapse, between what the chart proposes and what it insists on.

Keys: docs/usage/configuration/config_documentation.md of element-hq/synapse. The chart's renderer merges mappings and
appends lists (matrix-tools/internal/pkg/renderer of element-hq/ess-helm).
"""

from typing import Any

from components.matrix.settings import ChatRetention, MatrixSettings

FEDERATION_PATHS = ("/_matrix/federation", "/_matrix/key")
"""What only other servers ask for (MatrixSettings specification, server-server API)."""
AUTHENTICATION_PATH = "/_synapse/mas"
"""What only the authentication service asks for, by the Service and not by the ingress (synapse/rest/synapse/mas)."""
ADMINISTRATION_PATH = "/_synapse/admin"
"""What only an interface of administrators asks for, from the browser (docs/usage/administration/admin_api)."""

_PRIVATE = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12")
"""Missing in the chart's list of addresses that no preview is fetched from (synapse-01-shared-underrides.yaml.tpl)."""


def configuration(settings: MatrixSettings) -> dict[str, Any]:
    """The part of homeserver.yaml that the stack file decides."""
    return {
        # People of one login may find each other, and make rooms that all of them find.
        "user_directory": {"enabled": True, "search_all_users": True, "prefer_local_users": True},
        "room_list_publication_rules": [{"action": "allow"}],
        # It comes with each login, by way of the authentication service, which may still set it.
        "enable_set_displayname": False,
        # Notifications of phones pass through servers of Element and of the phone's maker.
        "push": {"include_content": False},
        # Keys of other servers come from these themselves, not from matrix.org.
        "trusted_key_servers": [],
        **_federation(settings),
        **_previews(settings),
        **_retention(settings.retention),
    }


def closed_paths(settings: MatrixSettings) -> tuple[str, ...]:
    """Paths that nobody outside needs. Synapse would ask for credentials; closed, there is nothing to guess."""
    return (
        AUTHENTICATION_PATH,
        *((ADMINISTRATION_PATH,) if settings.admin_host is None else ()),
        *(FEDERATION_PATHS if not settings.federation else ()),
    )


def _federation(settings: MatrixSettings) -> dict[str, Any]:
    if settings.federation and not settings.federation_servers:
        return {}
    # An empty list is nobody; without the key it is everybody.
    return {
        "federation_domain_whitelist": list(settings.federation_servers),
        "allow_profile_lookup_over_federation": settings.federation,
    }


def _previews(settings: MatrixSettings) -> dict[str, Any]:
    if not settings.url_previews:
        return {"url_preview_enabled": False}
    return {"url_preview_enabled": True, "url_preview_ip_range_blacklist": list(_PRIVATE)}


def _retention(retention: ChatRetention) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if retention.messages is not None:
        found["retention"] = {
            "enabled": True,
            "default_policy": {"max_lifetime": retention.messages},
            "allowed_lifetime_max": retention.messages,
        }
    media = {"local_media_lifetime": retention.local_media, "remote_media_lifetime": retention.remote_media}
    given = {key: lifetime for key, lifetime in media.items() if lifetime is not None}
    return found | ({"media_retention": given} if given else {})
