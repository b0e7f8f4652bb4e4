"""People and groups as Authentik gets them from the stack file; no password, ever."""

from collections.abc import Collection, Sequence

from components.authentik.blueprints import access, application, guessing, proxied, recovery, second_factor, token
from components.authentik.blueprints.claims import EMAIL_MAPPING, PEOPLE_PATH, SERVICES_PATH
from components.authentik.blueprints.document import Entry, KeyOf, render
from settings.identity import IdentitySettings, RemovedIdentities, ServiceAccount, User

_USER, _GROUP = "authentik_core.user", "authentik_core.group"


def text(identity: IdentitySettings, retired: Sequence[str] = (), second_factor_groups: Collection[str] = ()) -> str:
    """The blueprint `users`: recovery flow, limit to guessing, second factor, e-mail claim, accounts, groups, removals.

    Membership is stated by the group, as its whole list of members: who leaves the stack file leaves every group at
    the next apply. (A list of groups on each person would say nothing about a person who is no longer there.)
    `retired` are applications of the platform that are switched off; they are deleted as those of `identity.removed`.
    Members of `second_factor_groups` need a second factor.
    """
    accounts: dict[str, User | ServiceAccount] = {**identity.users, **identity.service_accounts}
    members = {
        group: sorted(username for username, account in accounts.items() if group in account.groups)
        for group in identity.groups
    }
    entries = [
        *recovery.entries(),
        *guessing.entries(),
        *second_factor.entries(identity.second_factor, second_factor_groups),
        _email_mapping(),
        *(_person(username, user) for username, user in sorted(identity.users.items())),
        *(_service(username, account.name) for username, account in sorted(identity.service_accounts.items())),
        *(_group(name, usernames) for name, usernames in members.items()),
        *_removals(identity.removed, retired),
    ]
    return render("home-cluster - people and groups", entries)


def _person(username: str, user: User) -> Entry:
    """`is_active` is left alone unless the stack file states it: an administrator may suspend an account at once.
    `attributes` are left alone too: they hold what the person set in the user interface.
    """
    state = {} if user.active is None else {"is_active": user.active}
    return Entry(
        model=_USER,
        key=f"user-{username}",
        identifiers={"username": username},
        attrs={"name": user.name, "email": user.email, "type": "internal", "path": PEOPLE_PATH, **state},
    )


def _service(username: str, name: str) -> Entry:
    """Its tokens have blueprints of their own: each reads a file that may come later."""
    return Entry(
        model=_USER,
        key=f"user-{username}",
        identifiers={"username": username},
        attrs={"name": name, "type": "service_account", "path": SERVICES_PATH},
    )


def _group(name: str, usernames: list[str]) -> Entry:
    return Entry(
        model=_GROUP,
        identifiers={"name": name},
        attrs={"is_superuser": False, "users": [KeyOf(f"user-{username}") for username in usernames]},
    )


def _removals(removed: RemovedIdentities, retired: Sequence[str]) -> list[Entry]:
    """Applications first: a group that is gone must not be what an application still asks for.

    Accounts are looked for where this program put them, so that no other account of that name can be meant.
    """
    providers = (proxied.PROVIDER, application.PROVIDER)
    return [
        *(entry for slug in retired for entry in application.removal(slug)),
        *(entry for slug in removed.applications for entry in access.removal(slug, providers)),
        *(token.removal(name) for name in removed.tokens),
        *(Entry(model=_GROUP, identifiers={"name": name}, absent=True) for name in removed.groups),
        *(_departed(username, PEOPLE_PATH) for username in removed.users),
        *(_departed(username, SERVICES_PATH) for username in removed.service_accounts),
    ]


def _departed(username: str, path: str) -> Entry:
    return Entry(model=_USER, identifiers={"username": username, "path": path}, absent=True)


def _email_mapping() -> Entry:
    """Since release 2025.10 the packaged mapping calls every address unverified. Addresses of declared people come
    from the stack file, and Authentik lets nobody change their own (system setting, off unless switched on).
    """
    expression = (
        "return {\n"
        '    "email": request.user.email,\n'
        f'    "email_verified": request.user.path == "{PEOPLE_PATH}",\n'
        "}\n"
    )
    return Entry(
        model="authentik_providers_oauth2.scopemapping",
        identifiers={"name": EMAIL_MAPPING},
        attrs={"scope_name": "email", "expression": expression},
    )
