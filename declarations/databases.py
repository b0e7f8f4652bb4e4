"""Every database and every user of Valkey, with what each may use of the two servers that all of them share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lib.names import Namespace

INITIAL_DATABASE = "app"
"""Database, and its owner, that initialising a Postgres cluster needs. No application uses it."""

INITIAL_LIMIT = 5
"""Connections of that owner."""
_SPARE = 5
"""Connections of a role beyond its pools: a migration or a command line beside the running processes."""
_RESERVE = 30
"""Connections of the server beyond its roles' limits: metrics, a person who looks, and three that Postgres keeps."""
_STEP = 50
"""A new `max_connections` restarts every instance, so it moves in steps."""

AUTHENTIK_SURGE = 1
GITEA_POOL = 20
HARBOR_POOL = 20
"""Of each of core and job service."""
EXPORTER_POOL = 2
"""Of what serves Harbor's metrics."""


@dataclass(frozen=True, kw_only=True)
class Pool:
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

    namespace: Namespace
    pools: Mapping[str, Pool]
    locale: Mapping[str, str] = field(default_factory=dict)

    def limit(self, replicas: Mapping[str, int]) -> int:
        """Connections that the role may hold, with so many replicas of a process; one where none are named."""
        return sum(pool.size * (replicas.get(name, 1) + pool.surge) for name, pool in self.pools.items()) + _SPARE


DATABASES: Mapping[str, Database] = {
    # Authentik has no pool to limit. By default a server has 2 workers of 4 threads and a worker 1 process of 2 threads
    # (its configuration reference); besides, each process listens and keeps what Redis used to keep.
    "authentik": Database(
        namespace=Namespace.AUTHENTIK, pools={"server": Pool(size=30, surge=AUTHENTIK_SURGE), "worker": Pool(size=20)}
    ),
    "gitea": Database(namespace=Namespace.GITEA, pools={"gitea": Pool(size=GITEA_POOL)}),
    # `updateStrategy` of Harbor's chart is that of registry and job service; core and exporter roll as Kubernetes rolls
    # a Deployment that says nothing (`maxSurge: 25%`, rounded up).
    "harbor": Database(
        namespace=Namespace.HARBOR,
        pools={
            "core": Pool(size=HARBOR_POOL, surge=1),
            "jobservice": Pool(size=HARBOR_POOL),
            "exporter": Pool(size=EXPORTER_POOL, surge=1),
        },
    ),
    # `cp_max` of the matrix-stack chart's synapse-01-shared-underrides.yaml. Synapse starts on no other collation, and
    # only template0 may be copied with one.
    "synapse": Database(
        namespace=Namespace.MATRIX,
        pools={"main": Pool(size=10)},  # a StatefulSet
        locale={"localeCollate": "C", "localeCType": "C", "template": "template0"},
    ),
    # Default of `database.max_connections` of the Matrix Authentication Service; `maxSurge` of the matrix-stack chart's
    # Deployments (ess-library/_workloads.tpl).
    "mas": Database(namespace=Namespace.MATRIX, pools={"server": Pool(size=10, surge=2)}),
}
"""Every database that can be asked for, by name."""


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


@dataclass(frozen=True, kw_only=True)
class ValkeyUser:
    """A user of Valkey.

    Attributes:
        namespace: Whose pods may connect.
        databases: Numbered databases by use. No user reaches one of another's.
    """

    namespace: Namespace
    databases: Mapping[str, int]


VALKEY_USERS: Mapping[str, ValkeyUser] = {
    "gitea": ValkeyUser(namespace=Namespace.GITEA, databases={"cache": 8, "session": 9, "queue": 10}),
    # Harbor knows which of its databases is which by these numbers (values.yaml of its chart, redis.external).
    "harbor": ValkeyUser(namespace=Namespace.HARBOR, databases={"core": 0, "jobservice": 1, "registry": 2, "trivy": 5}),
}
"""Every user that can be asked for, by name; the password is the secret `valkey/<name>`."""


def namespaces(consumers: Iterable[Database | ValkeyUser]) -> tuple[str, ...]:
    """Namespaces of these, each once and in a steady order."""
    return tuple(sorted({consumer.namespace.value for consumer in consumers}))
