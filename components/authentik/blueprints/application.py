"""One OIDC application in Authentik: provider, application and who may use it."""

from typing import Any

from components.authentik.blueprints import access, paths
from components.authentik.blueprints.claims import EMAIL_MAPPING
from components.authentik.blueprints.document import Entry, File, Find, render
from declarations.oidc import OidcApplication

SUB_MODE = "user_username"
"""What `sub` is. The user name is the key of the stack file, the one identity that outlives Authentik's database:
services find their accounts again after a rebuild. So a name that was given up is not given to somebody else."""

PROVIDER = "authentik_providers_oauth2.oauth2provider"
_MAPPING = "authentik_providers_oauth2.scopemapping"
_SIGNING_KEY = Find("authentik_crypto.certificatekeypair", "managed", "goauthentik.io/crypto/jwt-managed")


def text(application: OidcApplication, generation: int | None) -> str:
    """The blueprint of an application whose client secret is of this generation; None for a client without a secret.

    The generation changes the text and with it the hash: Authentik's hash covers the text alone
    (goauthentik/authentik#26289), so a new secret behind the same text would look applied.
    """
    return render(
        f"home-cluster - login of {application.slug}",
        [
            _provider(application),
            *access.entries(application.slug, application.name, application.launch_url, application.groups),
        ],
        context=None if generation is None else {"client_secret_generation": generation},
    )


def removal(slug: str) -> tuple[Entry, ...]:
    """Entries that delete whatever the blueprint of that application made."""
    return access.removal(slug, (PROVIDER,))


def _provider(application: OidcApplication) -> Entry:
    grants = ["authorization_code", *(["refresh_token"] if application.offline_access else [])]
    attrs: dict[str, Any] = {
        "client_type": "public" if application.public else "confidential",
        "client_id": application.client_id,
        **_client_secret(application),
        # Empty by default since release 2026.5, and then nobody can log in.
        "grant_types": grants,
        "authorization_flow": Find("authentik_flows.flow", "slug", access.AUTHORIZATION_FLOW),
        "invalidation_flow": Find("authentik_flows.flow", "slug", access.INVALIDATION_FLOW),
        "signing_key": _SIGNING_KEY,
        "issuer_mode": "per_provider",
        "sub_mode": SUB_MODE,
        "include_claims_in_id_token": True,
        "access_token_validity": application.access_token_validity,
        "redirect_uris": [
            {"matching_mode": "strict", "url": uri, "redirect_uri_type": "authorization"}
            for uri in application.redirect_uris
        ],
        "logout_uri": application.backchannel_logout_uri,
        "logout_method": "backchannel",
        "property_mappings": [_scope(scope) for scope in application.scopes],
    }
    return Entry(
        model=PROVIDER,
        key=access.PROVIDER,
        # A provider without a key signs with the client secret (HS256). No key: the entry is skipped, `!KeyOf
        # provider` fails, everything is rolled back and applied again later.
        conditions=[_SIGNING_KEY],
        identifiers={"name": application.slug},
        attrs=attrs,
    )


def _client_secret(application: OidcApplication) -> dict[str, File]:
    if application.public:
        return {}
    return {"client_secret": File(f"{paths.client_directory(application.slug)}/{paths.CLIENT_SECRET}")}


def _scope(scope: str) -> Find:
    """Mapping of a scope. Not found means null, which the list refuses."""
    if scope == "email":
        return Find(_MAPPING, "name", EMAIL_MAPPING)
    return Find(_MAPPING, "managed", f"goauthentik.io/providers/oauth2/scope-{scope}")
