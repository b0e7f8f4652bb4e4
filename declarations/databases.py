"""What an application may use of the two database servers that all of them share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

INITIAL_DATABASE = "app"
"""Database, and its owner, that initialising a Postgres cluster needs. No application uses it."""

INITIAL_LIMIT = 5
"""Connections of that owner."""
_SPARE = 5
"""Connections of a role beyond its pools: a migration or a command line beside the running processes."""


@dataclass(frozen=True, kw_only=True)
class ConnectionPool:
    """Connections of a process of an application.

    Attributes:
        size: The most that each pod keeps.
        surge: Pods beyond the replicas while an update rolls (`maxSurge`); none where the old ones go first.
    """

    size: int
    surge: int = 0


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database, owned by a role of the same name.

    Attributes:
        namespace: Whose pods may connect.
        pools: What each process of the application keeps, by process.
        locale: Locale fields of the Database resource.
    """

    namespace: str
    pools: Mapping[str, ConnectionPool]
    locale: Mapping[str, str] = field(default_factory=dict)

    def limit(self, replicas: Mapping[str, int]) -> int:
        """Connections that the role may hold, with so many replicas of a process; one where none are named."""
        return sum(pool.size * (replicas.get(name, 1) + pool.surge) for name, pool in self.pools.items()) + _SPARE


@dataclass(frozen=True, kw_only=True)
class ValkeyUser:
    """A user of Valkey.

    Attributes:
        namespace: Whose pods may connect.
        databases: Numbered databases by use. No user reaches one of another's.
    """

    namespace: str
    databases: Mapping[str, int]


def namespaces(consumers: Iterable[Database | ValkeyUser]) -> tuple[str, ...]:
    """Namespaces of these, each once and in a steady order."""
    return tuple(sorted({str(consumer.namespace) for consumer in consumers}))
