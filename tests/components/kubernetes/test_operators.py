"""cert-manager, Proxmox CSI and the gate of storage, as the program brings them up; see also facts.yaml."""

from typing import Any

import pytest
import yaml

from settings.model import Settings
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.objects import environment
from tests.support.program import STACK_FILE, record_program, secret_values

RELEASE, SECRET = "kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:Secret"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_stack_file(STACK_FILE)


def test_the_issuer_signs_with_the_issuing_authority_and_never_has_the_roots_key(update: Recording) -> None:
    secret, issuer = update.one(SECRET, "cert-manager-ca"), update.one("*:ClusterIssuer", "cert-manager-issuer")
    keys = {urn.rpartition("::")[2] for urn in secret.property_dependencies["stringData"]}
    assert "certificate-authority-issuing-key" in keys, "it signs with this key"
    root = next(owner for owner in update.issued.values() if owner.startswith("certificate-authority-root-key"))
    leaked = [value for value, owner in update.issued.items() if owner == root and value in str(secret.inputs)]
    assert not leaked, "the root's key in the cluster would make the two levels pointless"
    assert issuer.get("spec", "ca", "secretName") == secret.get("metadata", "name"), "a ClusterIssuer reads this one"
    release = update.one(RELEASE, "cert-manager-release")
    assert secret.get("metadata", "namespace") == release.get("namespace"), "from the namespace of cert-manager"


def test_the_webhook_can_be_called_from_the_host_network(update: Recording) -> None:
    policy = update.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "cert-manager-namespace-ingress")
    rules = [rule for rule in policy.get("spec", "ingress") if "from" not in rule]
    assert [port["port"] for rule in rules for port in rule["ports"]] == [10250], (
        "the API server calls it, and no selector of pods matches the API server"
    )


@pytest.mark.failure("topology-of-volumes")
def test_the_plugin_looks_for_volumes_where_the_nodes_say_they_are(update: Recording, settings: Settings) -> None:
    text = update.one(SECRET, "proxmox-csi-config").get("stringData", "config.yaml")
    (cluster,) = yaml.safe_load(text)["clusters"]
    assert settings.proxmox is not None, "the stack file describes Proxmox"
    assert cluster["region"] == settings.proxmox.region, "it must equal the label of the nodes to the letter"
    assert cluster["url"].endswith("/api2/json"), "the plugin does not add the path itself"
    assert "//api2" not in cluster["url"], "nor does Proxmox forgive a doubled slash"
    assert cluster["token_id"] == settings.proxmox.csi.token_id, "of which Proxmox knows the secret"
    assert cluster["token_secret"] == secret_values()["proxmoxCsiTokenSecret"], "the plugin logs in with it"


def classes(update: Recording) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in update.one(RELEASE, "proxmox-csi-release").get("values", "storageClass")}


def test_pods_on_tainted_workers_have_volumes_too() -> None:
    recording = record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")
    tolerations = recording.one(RELEASE, "proxmox-csi-release").get("values", "node", "tolerations")
    assert tolerations == [{"key": "example.com/gpu", "operator": "Exists"}], "the chart's own list knows no such taint"


def test_the_default_class_is_that_of_the_stack_file_and_scratch_space_differs_in_nothing_but_its_end(
    update: Recording, settings: Settings
) -> None:
    found = classes(update)
    defaults = [name for name, one in found.items() if one.get("annotations")]
    assert defaults == [settings.storage.class_name], "with two, the newer one wins, whichever that is"
    default = found.pop(settings.storage.class_name)
    assert default["reclaimPolicy"] == settings.storage.reclaim_policy, "a deleted claim may delete the data"
    assert default["volumeBindingMode"] == "WaitForFirstConsumer", "a disk of one host cannot be attached on another"
    (scratch,) = found.values()
    different = {key for key in {*default, *scratch} if default.get(key) != scratch.get(key)}
    assert different == {"name", "annotations", "reclaimPolicy"}, "else the gate would prove another storage"
    assert scratch["reclaimPolicy"] == "Delete", "the gate must not leave a disk behind each time it runs"


def test_the_gate_writes_to_a_volume_of_that_class(update: Recording) -> None:
    job = update.one("kubernetes:batch/v1:Job", "storage-gate")
    pod = job.get("spec", "template", "spec")
    (volume,) = [one for one in pod["volumes"] if "ephemeral" in one]
    claim = volume["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert claim["storageClassName"] in classes(update), "the class that the release brings"
    mounts = {one["name"]: one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
    assert mounts[volume["name"]] == environment(job)["VOLUME"], "the script writes to the volume and not beside it"
    assert update.is_after(job, update.one(RELEASE, "proxmox-csi-release")), "the driver comes first"
