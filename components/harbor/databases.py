"""What Harbor may use of Postgres and Valkey."""

from components.harbor.names import NAMESPACE
from declarations.databases import ConnectionPool, Database, ValkeyUser

POOL = 20
"""Of each of core and job service."""
EXPORTER_POOL = 2
"""Of what serves the metrics."""

# `updateStrategy` of Harbor's chart is that of registry and job service; core and exporter roll as Kubernetes rolls a
# Deployment that says nothing (`maxSurge: 25%`, rounded up).
DATABASES = {
    "harbor": Database(
        namespace=NAMESPACE,
        pools={
            "core": ConnectionPool(size=POOL, surge=1),
            "jobservice": ConnectionPool(size=POOL),
            "exporter": ConnectionPool(size=EXPORTER_POOL, surge=1),
        },
    )
}
# Harbor knows which of its databases is which by these numbers (values.yaml of its chart, redis.external).
VALKEY = ValkeyUser(namespace=NAMESPACE, databases={"core": 0, "jobservice": 1, "registry": 2, "trivy": 5})
