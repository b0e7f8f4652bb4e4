"""One OIDC application in Authentik: provider, application and who may use it."""

from typing import Any

from lib.blueprints import paths
from lib.blueprints.claims import EMAIL_MAPPING
from lib.blueprints.document import Entry, File, Find, KeyOf, render
from lib.oidc import OidcApplication

SUB_MODE = "user_username"
"""What `sub` is. The user name is the key of the stack file, the one identity that outlives Authentik's database:
services find their accounts again after a rebuild. So a name that was given up is not given to somebody else."""

_PROVIDER, _APPLICATION = "authentik_providers_oauth2.oauth2provider", "authentik_core.application"
_POLICY = "authentik_policies_expression.expressionpolicy"
_MAPPING = "authentik_providers_oauth2.scopemapping"
_SIGNING_KEY = Find("authentik_crypto.certificatekeypair", "managed", "goauthentik.io/crypto/jwt-managed")


def text(application: OidcApplication, generation: int | None) -> str:
    """The blueprint of an application whose client secret is of this generation; None for a client without a secret.

    The generation changes the text and with it the hash: Authentik's hash covers the text alone
    (goauthentik/authentik#26289), so a new secret behind the same text would look applied.
    """
    return render(
        f"home-cluster - login of {application.slug}",
        [_provider(application), _application(application), _access(application), _binding()],
        context=None if generation is None else {"client_secret_generation": generation},
    )


def removal(slug: str) -> tuple[Entry, ...]:
    """Entries that delete whatever the blueprint of that application made; bindings go with what they bind."""
    return (
        Entry(model=_APPLICATION, identifiers={"slug": slug}, absent=True),
        Entry(model=_PROVIDER, identifiers={"name": slug}, absent=True),
        Entry(model=_POLICY, identifiers={"name": access_policy(slug)}, absent=True),
    )


def access_policy(slug: str) -> str:
    """Name of the policy that says who may log in."""
    return f"home-cluster-access-{slug}"


def _provider(application: OidcApplication) -> Entry:
    grants = ["authorization_code", *(["refresh_token"] if application.offline_access else [])]
    attrs: dict[str, Any] = {
        "client_type": "public" if application.public else "confidential",
        "client_id": application.client_id,
        **_client_secret(application),
        # Empty by default since release 2026.5, and then nobody can log in.
        "grant_types": grants,
        "authorization_flow": Find("authentik_flows.flow", "slug", "default-provider-authorization-implicit-consent"),
        "invalidation_flow": Find("authentik_flows.flow", "slug", "default-provider-invalidation-flow"),
        "signing_key": _SIGNING_KEY,
        "issuer_mode": "per_provider",
        "sub_mode": SUB_MODE,
        "include_claims_in_id_token": True,
        "access_token_validity": application.access_token_validity,
        "redirect_uris": [
            {"matching_mode": "strict", "url": uri, "redirect_uri_type": "authorization"}
            for uri in application.redirect_uris
        ],
        "property_mappings": [_scope(scope) for scope in application.scopes],
    }
    return Entry(
        model=_PROVIDER,
        key="provider",
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


def _application(application: OidcApplication) -> Entry:
    return Entry(
        model=_APPLICATION,
        key="application",
        identifiers={"slug": application.slug},
        attrs={
            "name": application.name,
            "provider": KeyOf("provider"),
            "meta_launch_url": application.launch_url,
            # Whatever else is bound to the application can only narrow who may use it.
            "policy_engine_mode": "all",
        },
    )


def _access(application: OidcApplication) -> Entry:
    """One policy that names all groups, instead of a binding for each: an apply changes the objects it names and
    removes none, so a group that leaves the declaration would keep its binding; and deleting a group deletes its
    bindings, which would leave the application open to everybody.
    """
    expression = (
        f"groups = {sorted(application.groups)!r}\n"
        "return any(ak_is_group_member(request.user, name=group) for group in groups)\n"
    )
    return Entry(
        model=_POLICY,
        key="access",
        identifiers={"name": access_policy(application.slug)},
        attrs={"expression": expression},
    )


def _binding() -> Entry:
    return Entry(
        model="authentik_policies.policybinding",
        identifiers={"target": KeyOf("application"), "order": 0},
        # What an error in the policy gives.
        attrs={"policy": KeyOf("access"), "enabled": True, "negate": False, "failure_result": False},
    )
