"""Values of Vault's chart, for one server and for three."""

from typing import Any

import pytest

from components.vault.values import VaultValues, values
from lab.providers.kubernetes import admission
from lib.charts import TABLE
from tests.support import charts

MODES = pytest.mark.parametrize("replicas", [1, 3], ids=["standalone", "ha"])


def built(replicas: int) -> dict[str, Any]:
    return values(
        VaultValues(
            namespace="vault",
            replicas=replicas,
            tls_secret="vault-tls",
            storage_class="fast",
            data_size="10Gi",
            audit_size="5Gi",
            caretaker_script="caretaker",
            caretaker_digest="0123",
        )
    )


def pod(replicas: int) -> dict[str, Any]:
    """The pod as the chart makes it of the values (templates/server-statefulset.yaml), as far as it is restricted."""
    server = built(replicas)["server"]
    vault = {
        "name": "vault",
        "image": "vault",
        "resources": server["resources"],
        "securityContext": server["statefulSet"]["securityContext"]["container"],
    }
    return {
        "securityContext": server["statefulSet"]["securityContext"]["pod"],
        "shareProcessNamespace": server["shareProcessNamespace"],
        "volumes": server["volumes"],
        "containers": [vault, *server["extraContainers"]],
    }


@pytest.mark.skipif(charts.directory() is None, reason=charts.WITHOUT)
@MODES
def test_the_chart_takes_the_values(replicas: int) -> None:
    data = charts.chart_data("vault")
    assert data is not None, "the data of the chart lie where the others are"
    assert data.is_of(TABLE["vault"].version), "and are those of the pinned version"
    assert charts.schema_errors(data, built(replicas)) == [], "Helm would refuse to install"
    assert list(charts.unknown_keys(data, built(replicas))) == [], "Helm ignores a key it does not know, silently"


def test_a_schema_error_is_noticed() -> None:
    data = charts.chart_data("vault")
    if data is None:
        pytest.skip(f"no chart data: set {charts.VARIABLE}")
    wrong = built(1) | {"server": built(1)["server"] | {"updateStrategyType": 1}}
    assert charts.schema_errors(data, wrong) != [], "the check can fail"


@MODES
def test_the_pod_is_admitted_to_a_restricted_namespace(replicas: int) -> None:
    assert list(admission.violations(pod(replicas), "restricted")) == [], "admission would refuse the pod"


@MODES
def test_no_container_writes_to_its_root_file_system(replicas: int) -> None:
    writable = [
        container["name"]
        for container in pod(replicas)["containers"]
        if not container["securityContext"]["readOnlyRootFilesystem"]
    ]
    assert writable == [], "what is written lies on a volume"
    mounts = {mount["mountPath"] for mount in built(replicas)["server"]["volumeMounts"]}
    assert "/tmp" in mounts, "the entry point copies the configuration there"  # noqa: S108 - a path in the container


@MODES
def test_exactly_one_mode_is_on(replicas: int) -> None:
    server = built(replicas)["server"]
    assert (server["standalone"]["enabled"], server["ha"]["enabled"]) == (replicas == 1, replicas > 1), "one of two"


def test_three_servers_name_themselves_after_their_pods_and_survive_the_drain_of_a_node() -> None:
    ha = built(3)["server"]["ha"]
    assert ha["replicas"] == 3, "three agree while one is away"
    assert ha["raft"]["setNodeId"] is True, "a server that comes back is the one that left"
    (spread,) = built(3)["server"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "topology.kubernetes.io/zone", "one host takes one server with it, not two"
    assert ha["disruptionBudget"] == {"enabled": True}, "a drain waits for the server before it takes the next"
    assert "affinity" not in built(3)["server"], "the chart's own keeps servers on different nodes"


@MODES
def test_data_and_audit_log_have_a_volume_each(replicas: int) -> None:
    server = built(replicas)["server"]
    sizes = {key: server[key]["size"] for key in ("dataStorage", "auditStorage")}
    assert all(server[key]["enabled"] for key in sizes), "the chart leaves the second out by default"
    assert sizes == {"dataStorage": "10Gi", "auditStorage": "5Gi"}, "a full log must not stop the data"
    assert all(server[key]["storageClass"] == "fast" for key in sizes), "both from the platform's class"


@MODES
def test_the_caretaker_sees_the_server_its_log_and_its_certificate(replicas: int) -> None:
    server = built(replicas)["server"]
    (caretaker,) = [container for container in server["extraContainers"] if container["name"] == "caretaker"]
    environment = {item["name"]: item["value"] for item in caretaker["env"]}
    mounts = {mount["mountPath"]: mount for mount in caretaker["volumeMounts"]}
    assert environment["AUDIT_LOG"].rpartition("/")[0] in mounts, "the log lies on a mounted volume"
    assert environment["CERTIFICATE"].rpartition("/")[0] in mounts, "and so does the certificate"
    assert not mounts["/vault/audit"].get("readOnly"), "it renames and deletes logs"
    assert server["shareProcessNamespace"] is True, "it signals a process of another container"
