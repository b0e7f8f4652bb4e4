"""An application as people see it, and who may use it: the same for every kind of provider behind it."""

from collections.abc import Sequence

from components.authentik.blueprints.document import Entry, KeyOf

APPLICATION, POLICY = "authentik_core.application", "authentik_policies_expression.expressionpolicy"
PROVIDER = "provider"
"""Key of the entry with the provider."""
AUTHORIZATION_FLOW, INVALIDATION_FLOW = (
    "default-provider-authorization-implicit-consent",
    "default-provider-invalidation-flow",
)
"""Slugs of the packaged flows of a provider: logging in without being asked for consent, and logging out."""


def access_policy(slug: str) -> str:
    """Name of the policy that says who may log in."""
    return f"home-cluster-access-{slug}"


def entries(slug: str, name: str, launch_url: str, groups: Sequence[str]) -> tuple[Entry, ...]:
    """Application, policy and the binding of the one to the other, after the entry of the provider."""
    return (_application(slug, name, launch_url), _access(slug, groups), _binding())


def removal(slug: str, provider_models: Sequence[str]) -> tuple[Entry, ...]:
    """Entries that delete application, providers and policy; bindings go with what they bind."""
    return (
        Entry(model=APPLICATION, identifiers={"slug": slug}, absent=True),
        *(Entry(model=model, identifiers={"name": slug}, absent=True) for model in provider_models),
        Entry(model=POLICY, identifiers={"name": access_policy(slug)}, absent=True),
    )


def _application(slug: str, name: str, launch_url: str) -> Entry:
    return Entry(
        model=APPLICATION,
        key="application",
        identifiers={"slug": slug},
        attrs={
            "name": name,
            "provider": KeyOf(PROVIDER),
            "meta_launch_url": launch_url,
            # Whatever else is bound to the application can only narrow who may use it.
            "policy_engine_mode": "all",
        },
    )


def _access(slug: str, groups: Sequence[str]) -> Entry:
    """One policy that names all groups, instead of a binding for each: an apply changes the objects it names and
    removes none, so a group that leaves the declaration would keep its binding; and deleting a group deletes its
    bindings, which would leave the application open to everybody.
    """
    expression = (
        f"groups = {sorted(groups)!r}\nreturn any(ak_is_group_member(request.user, name=group) for group in groups)\n"
    )
    return Entry(
        model=POLICY, key="access", identifiers={"name": access_policy(slug)}, attrs={"expression": expression}
    )


def _binding() -> Entry:
    return Entry(
        model="authentik_policies.policybinding",
        identifiers={"target": KeyOf("application"), "order": 0},
        # What an error in the policy gives.
        attrs={"policy": KeyOf("access"), "enabled": True, "negate": False, "failure_result": False},
    )
