"""Section `identity` with a few people, for the tests of their blueprint."""

from typing import Any

from settings.identity import IdentitySettings

GROUPS = ("gitea-users", "gitea-admins", "vault-users")


def identity(people: dict[str, tuple[str, ...]], groups: tuple[str, ...] = GROUPS, **more: Any) -> IdentitySettings:
    return IdentitySettings.model_validate(
        {
            "host": "auth.example.test",
            "adminEmail": "admin@example.test",
            "groups": groups,
            "users": {
                username: {
                    "name": username.title(),
                    "email": f"{_address(username)}@example.test",
                    "groups": memberships,
                }
                for username, memberships in people.items()
            },
            "secondFactor": {"administrators": "optional"},
            **more,
        }
    )


def _address(username: str) -> str:
    """Dots may stand at the end of a user name, and not of an address."""
    return username.replace(".", "")
