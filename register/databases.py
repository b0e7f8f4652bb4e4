"""Every database and every user of Valkey, with what each may use of the two servers that all of them share."""

from collections.abc import Mapping

from components.authentik.database import DATABASE as AUTHENTIK
from components.dns.database import DATABASES as DNS
from declarations.databases import INITIAL_LIMIT, Database, ValkeyUser
from register.services import SERVICES

_RESERVE = 30
"""Connections of the server beyond its roles' limits: metrics, a person who looks, and three that Postgres keeps."""
_STEP = 50
"""A new `max_connections` restarts every instance, so it moves in steps."""

DATABASES: Mapping[str, Database] = {
    "authentik": AUTHENTIK,
    **DNS,
    **{name: database for service in SERVICES for name, database in service.databases.items()},
}
"""Every database that can be asked for, by name."""

VALKEY_USERS: Mapping[str, ValkeyUser] = {
    name: user for service in SERVICES for name, user in service.valkey_users.items()
}
"""Every user that can be asked for, by name; the password is the secret `valkey/<name>`."""


def limits(authentik_servers: int) -> dict[str, int]:
    """Connections that each role may hold, whether its application is switched on or not."""
    replicas = {"authentik": {"server": authentik_servers}}
    return {name: database.limit(replicas.get(name, {})) for name, database in DATABASES.items()}


def max_connections(authentik_servers: int) -> int:
    """`max_connections` of the server: all limits together and the reserve, so that no role can starve another.

    It does not follow which applications are switched on: switching one would restart Postgres for all.
    """
    wanted = sum(limits(authentik_servers).values()) + INITIAL_LIMIT + _RESERVE
    return -(-wanted // _STEP) * _STEP
