"""What Authentik may use of Postgres."""

from declarations.databases import ConnectionPool, Database
from lib.names import SystemNamespace

SURGE = 1
"""Pods beyond the replicas while an update of the server rolls."""

# Authentik has no pool to limit. By default a server has 2 workers of 4 threads and a worker 1 process of 2 threads
# (its configuration reference); besides, each process listens and keeps what Redis used to keep.
DATABASE = Database(
    namespace=SystemNamespace.AUTHENTIK,
    pools={"server": ConnectionPool(size=30, surge=SURGE), "worker": ConnectionPool(size=20)},
)
