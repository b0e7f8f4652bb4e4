"""cert-manager, Proxmox CSI, Reflector, Reloader and the gate of storage."""

import pulumi
import pytest
import yaml

from components.certificate_authority import CertificateAuthority, CertificateAuthorityArgs
from components.kubernetes.cert_manager import CertManager, CertManagerArgs
from components.kubernetes.proxmox_csi import ProxmoxCsi, ProxmoxCsiArgs
from components.kubernetes.reflector import Reflector, ReflectorArgs
from components.kubernetes.reloader import Reloader, ReloaderArgs
from components.kubernetes.storage_gate import StorageGate, StorageGateArgs
from lib.charts import Catalogue
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording
from tests.support.program import STACK_FILE

RELEASE = "kubernetes:helm.sh/v3:Release"
JOB = "kubernetes:batch/v1:Job"
SECRET = "kubernetes:core/v1:Secret"
NAMESPACE = "kubernetes:core/v1:Namespace"
ISSUER = "kubernetes:cert-manager.io/v1:ClusterIssuer"
TOKEN_SECRET = "5f3c1c5e-9a3b-4c1d-8e2f-a1b2c3d4e5f6"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_stack_file(STACK_FILE)


@pytest.fixture(scope="module")
def recording(settings: Settings) -> Recording:
    proxmox = settings.proxmox
    assert proxmox is not None, "the stack file describes Proxmox"

    def program(opts: pulumi.ResourceOptions) -> None:
        charts = Catalogue()
        authority = CertificateAuthority("ca", CertificateAuthorityArgs(cluster_name="home"), opts)
        CertManager("cert-manager", CertManagerArgs(chart=charts["cert-manager"], authority=authority), opts)
        storage = ProxmoxCsi(
            "proxmox-csi",
            ProxmoxCsiArgs(
                chart=charts["proxmox-csi-plugin"],
                proxmox=proxmox,
                token_secret=pulumi.Output.secret(TOKEN_SECRET),
                storage=settings.storage,
            ),
            opts,
        )
        StorageGate("storage", StorageGateArgs(storage_class=storage.scratch_class, size="1Gi"), opts)
        Reflector("reflector", ReflectorArgs(chart=charts["reflector"]), opts)
        Reloader("reloader", ReloaderArgs(chart=charts["reloader"]), opts)

    return record_component(program)


def test_the_issuer_signs_with_the_issuing_authority_and_never_has_the_roots_key(recording: Recording) -> None:
    secret = recording.one(SECRET, "cert-manager-ca")
    keys = {urn.rpartition("::")[2] for urn in secret.property_dependencies["stringData"]}
    assert "ca-issuing-key" in keys, "it signs with this key"
    root = next(owner for owner in recording.issued.values() if owner.startswith("ca-root-key"))
    leaked = [value for value, owner in recording.issued.items() if owner == root and value in str(secret.inputs)]
    assert not leaked, "the root's key in the cluster would make the two levels pointless"
    assert secret.is_secret("stringData"), "the key of the issuing CA stays secret"


def test_the_issuer_names_the_secret_of_its_own_namespace(recording: Recording) -> None:
    secret, issuer = recording.one(SECRET, "cert-manager-ca"), recording.one(ISSUER)
    assert issuer.get("spec", "ca", "secretName") == secret.get("metadata", "name"), "a ClusterIssuer reads this one"
    release = recording.one(RELEASE, "cert-manager-release")
    assert secret.get("metadata", "namespace") == release.get("namespace"), "from the namespace of cert-manager"


def test_the_issuer_is_the_gate_and_comes_after_its_kind_and_webhook(recording: Recording) -> None:
    issuer, release = recording.one(ISSUER), recording.one(RELEASE, "cert-manager-release")
    assert recording.is_after(issuer, release), "the release brings the kind"
    assert release.get("waitForJobs") is True, "its hook Job proves that the webhook answers"
    assert release.get("values", "crds", "enabled") is True, "the chart leaves its kinds out by default"
    assert issuer.get("metadata", "annotations", "pulumi.com/waitFor") == "condition=Ready", "it has loaded the key"


def test_the_webhook_can_be_called_from_the_host_network(recording: Recording) -> None:
    policy = recording.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "cert-manager-namespace-ingress")
    rules = [rule for rule in policy.get("spec", "ingress") if "from" not in rule]
    assert [port["port"] for rule in rules for port in rule["ports"]] == [10250], (
        "the API server calls it, and no selector of pods matches the API server"
    )


def config(recording: Recording) -> Recorded:
    return recording.one(SECRET, "proxmox-csi-config")


def test_the_plugin_looks_for_volumes_where_the_nodes_say_they_are(recording: Recording, settings: Settings) -> None:
    assert settings.proxmox is not None, "the stack file describes Proxmox"
    (cluster,) = yaml.safe_load(config(recording).get("stringData", "config.yaml"))["clusters"]
    assert cluster["region"] == settings.proxmox.region, "it must equal the label of the nodes to the letter"
    assert cluster["url"].endswith("/api2/json"), "the plugin does not add the path itself"
    assert "//api2" not in cluster["url"], "nor does Proxmox forgive a doubled slash"


def test_the_token_of_the_plugin_is_only_in_its_secret(recording: Recording) -> None:
    assert TOKEN_SECRET in config(recording).get("stringData", "config.yaml"), "the plugin logs in with it"
    for resource in recording.resources:
        for path, text, secret in resource.strings():
            assert secret or TOKEN_SECRET not in text, f"{resource} {path} shows the token"
    assert TOKEN_SECRET not in str(recording.one(RELEASE, "proxmox-csi-release").inputs), "values end up in the cluster"


def test_the_plugin_restarts_when_its_token_changes(recording: Recording) -> None:
    values = recording.one(RELEASE, "proxmox-csi-release").get("values")
    assert values["controller"]["podAnnotations"] == {"reloader.stakater.com/auto": "true"}, (
        "it reads its configuration once"
    )


def classes(recording: Recording) -> dict[str, dict[str, object]]:
    release = recording.one(RELEASE, "proxmox-csi-release")
    return {one["name"]: one for one in release.get("values", "storageClass")}


def test_exactly_one_storage_class_is_the_default(recording: Recording, settings: Settings) -> None:
    defaults = [name for name, one in classes(recording).items() if one.get("annotations")]
    assert defaults == [settings.storage.class_name], "with two, the newer one wins, whichever that is"


def test_the_default_class_keeps_volumes_as_the_stack_file_says(recording: Recording, settings: Settings) -> None:
    default = classes(recording)[settings.storage.class_name]
    assert default["reclaimPolicy"] == settings.storage.reclaim_policy, "a deleted claim may delete the data"


def test_scratch_space_differs_from_the_default_in_nothing_but_its_end(
    recording: Recording, settings: Settings
) -> None:
    found = classes(recording)
    default = dict(found.pop(settings.storage.class_name))
    (scratch,) = found.values()
    different = {key for key in {*default, *scratch} if default.get(key) != scratch.get(key)}
    assert different == {"name", "annotations", "reclaimPolicy"}, "else the gate would prove another storage"
    assert scratch["reclaimPolicy"] == "Delete", "the gate must not leave a disk behind each time it runs"


def test_volumes_are_made_where_their_pods_run(recording: Recording) -> None:
    for name, one in classes(recording).items():
        assert one["volumeBindingMode"] == "WaitForFirstConsumer", (
            f"{name}: storage of one Proxmox host cannot be attached on another"
        )


def test_the_gate_writes_to_a_volume_of_that_class(recording: Recording) -> None:
    job = recording.one(JOB, "storage")
    pod = job.get("spec", "template", "spec")
    (volume,) = [one for one in pod["volumes"] if "ephemeral" in one]
    claim = volume["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert claim["storageClassName"] in classes(recording), "the class that the release brings"
    mounts = {one["name"]: one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
    environment = {one["name"]: one["value"] for one in pod["containers"][0]["env"]}
    assert mounts[volume["name"]] == environment["VOLUME"], "the script writes to the volume and not beside it"
    assert recording.is_after(job, recording.one(RELEASE, "proxmox-csi-release")), "the driver comes first"


@pytest.mark.parametrize(
    ("namespace", "level"),
    [
        ("cert-manager-namespace", "restricted"),
        ("reflector-namespace", "restricted"),
        ("reloader-namespace", "restricted"),
        ("proxmox-csi-namespace", "privileged"),
    ],
)
def test_every_namespace_is_as_strict_as_its_pods_allow(recording: Recording, namespace: str, level: str) -> None:
    labels = recording.one(NAMESPACE, namespace).get("metadata", "labels")
    assert labels["pod-security.kubernetes.io/enforce"] == level, "only what mounts volumes on nodes is privileged"


def test_reflector_gets_what_the_restricted_level_asks_for(recording: Recording) -> None:
    values = recording.one(RELEASE, "reflector-release").get("values")
    assert values["securityContext"]["allowPrivilegeEscalation"] is False, "the chart does not set it"
    assert values["podSecurityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, "the chart does not set it"


def test_reloader_touches_only_what_asks_for_it_and_no_gate(recording: Recording) -> None:
    reloader = recording.one(RELEASE, "reloader-release").get("values", "reloader")
    assert reloader["autoReloadAll"] is False, "a restart is the decision of whoever owns the workload"
    assert reloader["ignoreJobs"] is True, "a gate that is run again behind the engine's back proves nothing to it"
    assert reloader["deployment"]["containerSecurityContext"]["capabilities"] == {"drop": ["ALL"]}, "restricted"
