"""People and groups as Authentik gets them from the stack file; no password, ever."""

from lib.blueprints import recovery
from lib.blueprints.document import Entry, KeyOf, render
from settings.platform import Identity

PEOPLE_PATH = "home-cluster/people"
"""Folder of Authentik that holds exactly the people whom a stack file declared at some time."""

EMAIL_MAPPING = "home-cluster email"
"""Scope mapping that takes the place of the packaged one for `email`."""


def text(identity: Identity) -> str:
    """The blueprint `users`: recovery flow, e-mail claim, people, groups with their members.

    Membership is stated by the group, as its whole list of members: who leaves the stack file leaves every group at
    the next apply. (A list of groups on each person would say nothing about a person who is no longer there.)
    """
    people = [_person(username, user.name, user.email) for username, user in sorted(identity.users.items())]
    members = {
        group: sorted(username for username, user in identity.users.items() if group in user.groups)
        for group in identity.groups
    }
    groups = [_group(name, usernames) for name, usernames in members.items()]
    return render("home-cluster - people and groups", [*recovery.entries(), _email_mapping(), *people, *groups])


def _person(username: str, name: str, email: str) -> Entry:
    """`is_active` and `attributes` are left alone: an administrator may suspend an account at once, and the
    attributes hold what the person set in the user interface.
    """
    return Entry(
        model="authentik_core.user",
        key=f"user-{username}",
        identifiers={"username": username},
        attrs={"name": name, "email": email, "type": "internal", "path": PEOPLE_PATH},
    )


def _group(name: str, usernames: list[str]) -> Entry:
    return Entry(
        model="authentik_core.group",
        identifiers={"name": name},
        attrs={"is_superuser": False, "users": [KeyOf(f"user-{username}") for username in usernames]},
    )


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
