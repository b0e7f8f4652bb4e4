"""Configuration of Element Web over the chart's: one server, one login, and nothing that calls elsewhere.

Keys: docs/config.md of element-hq/element-web. Its own defaults name servers of its makers (src/SdkConfig.ts), and so
does the chart (configs/element-web/config.json.tpl); null takes them out.
"""

from typing import Any

from components.matrix.settings import MatrixSettings


def configuration(settings: MatrixSettings) -> dict[str, Any]:
    """The part of config.json that the stack file decides. Names of servers are the chart's."""
    return {
        "disable_guests": True,
        "disable_custom_urls": True,
        "disable_3pid_login": True,
        # Straight to Authentik, which is the only way in.
        "sso_redirect_options": {"immediate": True},
        "default_federate": settings.federation,
        # Links to rooms lead to this client, not to matrix.to, which knows nothing of a server of our own.
        **({} if settings.federation else {"permalink_prefix": f"https://{settings.host}"}),
        "integrations_ui_url": None,
        "integrations_rest_url": None,
        "bug_report_endpoint_url": None,
        "map_style_url": None,
        "setting_defaults": {
            "urlPreviewsEnabled": settings.url_previews,
            "UIFeature.identityServer": False,
            "UIFeature.feedback": False,
            # Without TURN and a server for group calls, calls would fail, or go to a Jitsi that is not ours.
            "UIFeature.voip": False,
        },
    }
