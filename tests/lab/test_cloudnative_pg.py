"""The simulated Postgres: what a cluster, a role and a database wait for."""

from typing import Any

import pytest

from lab.providers.errors import InitFailedError
from tests.lab.bench import Bench, refuses

API = "postgresql.cnpg.io/v1"
APPLIED = "jsonpath={.status.applied}=true"
INITIAL = {"initdb": {"database": "app", "owner": "app", "secret": {"name": "owner"}}}
CERTIFICATES = {"serverTLSSecret": "tls", "serverCASecret": "tls"}
PASSWORD = {"username": "YXBw", "password": "eA=="}


@pytest.fixture
def operator(kube: Bench) -> Bench:
    """The operator, storage, and the password of the first owner."""
    kube.namespace("cnpg-system")
    kube.release("cloudnative-pg", "cnpg-system")
    kube.object("storage.k8s.io/v1", "StorageClass", "fast", provisioner="csi.example.com")
    kube.object("v1", "Secret", "owner", "shop", type="kubernetes.io/basic-auth", data=PASSWORD)
    return kube


def awaited(kube: Bench, kind: str, name: str, spec: dict[str, Any], what: str = "condition=Ready") -> None:
    metadata = {"annotations": {"pulumi.com/waitFor": what}}
    kube.object(API, kind, name, "shop", spec=spec, metadata=metadata)


def cluster(kube: Bench, **more: Any) -> None:
    storage = {"size": "1Gi", "storageClass": "fast"}
    awaited(kube, "Cluster", "postgres", {"instances": 1, "storage": storage, "bootstrap": INITIAL, **more})


def told(kube: Bench, kind: str) -> str:
    """What the operator says about the object `gitea` of that kind."""
    found = kube.cluster.get(f"postgresql.cnpg.io/{kind}", "shop", "gitea")
    assert found is not None, "the API server took the object"
    return str(found["status"]["message"])


def certificate(kube: Bench, **data: str) -> None:
    kube.object("v1", "Secret", "tls", "shop", data=data)


def test_a_cluster_with_its_own_certificates_serves(operator: Bench) -> None:
    cluster(operator)
    assert operator.cluster.exists("Service", "shop", "postgres-rw"), "clients find the primary"


def test_a_cluster_with_given_certificates_serves(operator: Bench) -> None:
    certificate(operator, **{"tls.crt": "eA==", "tls.key": "eA==", "ca.crt": "eA=="})
    cluster(operator, certificates=CERTIFICATES)
    assert operator.cluster.exists("Service", "shop", "postgres-rw"), "clients find the primary"


def test_a_given_certificate_must_be_there(operator: Bench) -> None:
    with refuses('secret "tls" not found', InitFailedError):
        cluster(operator, certificates=CERTIFICATES)


def test_a_given_certificate_needs_the_ca_that_signed_it(operator: Bench) -> None:
    certificate(operator, **{"tls.crt": "eA==", "tls.key": "eA=="})
    with refuses(r"couldn't find key ca\.crt", InitFailedError):
        cluster(operator, certificates=CERTIFICATES)


def test_a_given_certificate_without_a_ca_is_refused(operator: Bench) -> None:
    certificate(operator, **{"tls.crt": "eA==", "tls.key": "eA==", "ca.crt": "eA=="})
    with refuses("Server CA secret can't be empty", InitFailedError):
        cluster(operator, certificates={"serverTLSSecret": "tls"})


def test_a_database_needs_the_role_that_owns_it(operator: Bench) -> None:
    cluster(operator)
    spec = {"name": "gitea", "owner": "gitea", "cluster": {"name": "postgres"}}
    with refuses("found False", InitFailedError):
        awaited(operator, "Database", "gitea", spec, APPLIED)
    assert 'role "gitea" does not exist' in told(operator, "Database"), "its status says why"


def test_a_role_needs_its_password(operator: Bench) -> None:
    cluster(operator)
    spec = {"name": "gitea", "login": True, "cluster": {"name": "postgres"}, "passwordSecret": {"name": "gitea"}}
    with refuses("found False", InitFailedError):
        awaited(operator, "DatabaseRole", "gitea", spec, APPLIED)
    assert 'secret "gitea" not found' in told(operator, "DatabaseRole"), "its status says why"


STORE = {
    "configuration": {
        "destinationPath": "s3://databases/",
        "s3Credentials": {
            "accessKeyId": {"name": "key", "key": "id"},
            "secretAccessKey": {"name": "key", "key": "secret"},
        },
    }
}


def _archive(number: int) -> dict[str, Any]:
    parameters = {"barmanObjectName": "postgres", "serverName": f"postgres-{number}"}
    return {"name": "barman-cloud.cloudnative-pg.io", "parameters": parameters}


def archived(kube: Bench, into: int, source: int | None = None) -> None:
    recovery = {"recovery": {"source": "archive", "database": "app", "owner": "app", "secret": {"name": "owner"}}}
    came = (
        {"bootstrap": recovery, "externalClusters": [{"name": "archive", "plugin": _archive(source)}]} if source else {}
    )
    cluster(kube, plugins=[{**_archive(into), "isWALArchiver": True}], **came)


@pytest.fixture
def archiving(operator: Bench) -> Bench:
    """The plugin with what it needs of the cluster."""
    operator.release("plugin-barman-cloud", "cnpg-system")
    operator.object("v1", "Secret", "key", "shop", data={"id": "eA==", "secret": "eA=="})
    operator.object("barmancloud.cnpg.io/v1", "ObjectStore", "postgres", "shop", spec=STORE)
    return operator


def test_a_cluster_needs_the_plugin_that_archives_it(operator: Bench) -> None:
    with refuses("an unknown plugin being required", InitFailedError):
        archived(operator, 1)


def test_a_cluster_needs_the_place_of_its_archive(archiving: Bench) -> None:
    archiving.cluster.remove("barmancloud.cnpg.io/ObjectStore", "shop", "postgres")
    with refuses('ObjectStore "postgres"', InitFailedError):
        archived(archiving, 1)


def test_a_cluster_comes_back_into_an_archive_of_its_own_alone(archiving: Bench) -> None:
    archived(archiving, 1)
    archiving.cluster.remove("postgresql.cnpg.io/Cluster", "shop", "postgres")
    with refuses("server postgres-1: Expected empty archive", InitFailedError):
        archived(archiving, 1, source=1)
    archiving.cluster.remove("postgresql.cnpg.io/Cluster", "shop", "postgres")
    with refuses("no target backup found", InitFailedError):
        archived(archiving, 3, source=2)
    archiving.cluster.remove("postgresql.cnpg.io/Cluster", "shop", "postgres")
    archived(archiving, 2, source=1)


def test_an_empty_cluster_serves_and_archives_nothing_into_an_archive_of_another(archiving: Bench) -> None:
    archived(archiving, 1)
    archiving.cluster.remove("postgresql.cnpg.io/Cluster", "shop", "postgres")
    archived(archiving, 1)
    found = archiving.cluster.get("postgresql.cnpg.io/Cluster", "shop", "postgres")
    assert found is not None
    (said,) = [one for one in found["status"]["conditions"] if one["type"] == "ContinuousArchiving"]
    assert said["status"] == "False", "as upstream: it is Ready, and its log piles up"
