"""What chat may use of Postgres."""

from components.matrix.names import NAMESPACE
from declarations.databases import ConnectionPool, Database

DATABASES = {
    # `cp_max` of the matrix-stack chart's synapse-01-shared-underrides.yaml. Synapse starts on no other collation, and
    # only template0 may be copied with one.
    "synapse": Database(
        namespace=NAMESPACE,
        pools={"main": ConnectionPool(size=10)},  # a StatefulSet
        locale={"localeCollate": "C", "localeCType": "C", "template": "template0"},
    ),
    # Default of `database.max_connections` of the Matrix Authentication Service; `maxSurge` of the matrix-stack chart's
    # Deployments (ess-library/_workloads.tpl).
    "mas": Database(namespace=NAMESPACE, pools={"server": ConnectionPool(size=10, surge=2)}),
}
