"""An application behind Authentik's login, and the outpost that knows of all of them.

Fields: `ProxyProviderRequest` and `OutpostRequest` of the API client 2026.8. What is left out, Authentik sets itself at
every apply (`ProxyProvider.set_oauth_defaults`): redirect URIs, scopes, and no signing key, since only its own outpost
ever reads these tokens, and verifies them with the client secret that both take from the same database.
"""

from collections.abc import Sequence

from components.authentik.blueprints import access, paths
from components.authentik.blueprints.document import Entry, Find, render
from declarations.forward_auth import ProxiedApplication

PROVIDER = "authentik_providers_proxy.proxyprovider"
EMBEDDED = "goauthentik.io/outposts/embedded"
"""How Authentik knows the outpost that runs inside its server, which it makes itself at its start."""


def text(application: ProxiedApplication) -> str:
    """The blueprint of one application: provider, application and access."""
    return render(
        f"home-cluster - login in front of {application.slug}",
        [
            _provider(application),
            *access.entries(application.slug, application.name, application.launch_url, application.groups),
        ],
    )


def outpost(auth_host: str, slugs: Sequence[str]) -> str:
    """The blueprint `outpost`: the applications that the outpost answers for, and where it sends people to log in.

    The list is replaced as a whole, so there is one blueprint for all. A provider that is not there is null, which the
    list refuses. Deleting a provider takes it off the list.
    """
    return render(
        f"home-cluster - {paths.OUTPOST}",
        [
            Entry(
                model="authentik_outposts.outpost",
                identifiers={"managed": EMBEDDED},
                attrs={
                    "name": "authentik Embedded Outpost",  # Authentik refuses any other
                    "type": "proxy",
                    "providers": [Find(PROVIDER, "name", slug) for slug in sorted(slugs)],
                    "config": {"authentik_host": f"https://{auth_host}"},
                },
            )
        ],
    )


def _provider(application: ProxiedApplication) -> Entry:
    return Entry(
        model=PROVIDER,
        key=access.PROVIDER,
        identifiers={"name": application.slug},
        attrs={
            "mode": "forward_single",
            "external_host": application.url,
            "authorization_flow": Find("authentik_flows.flow", "slug", access.AUTHORIZATION_FLOW),
            "invalidation_flow": Find("authentik_flows.flow", "slug", access.INVALIDATION_FLOW),
            "access_token_validity": f"minutes={application.session_minutes}",
            # A program gets through with user name and app password of a service account (HTTP Basic).
            "intercept_header_auth": True,
        },
    )
