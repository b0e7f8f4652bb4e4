"""The simulated Proxmox VE and Talos: machines before configurations, configurations before the bootstrap."""

from typing import Any

import pytest
import yaml

from lab.providers.base import CheckFailedError
from lab.providers.kubernetes.access import unreachable
from lab.providers.kubernetes.cluster import CLUSTERS
from tests.lab.bench import Bench, refuses

FILE = "proxmoxve:download/fileLegacy:FileLegacy"
VM = "proxmoxve:index/vmLegacy:VmLegacy"
SECRETS = "talos:machine/secrets:Secrets"
APPLY = "talos:machine/configurationApply:ConfigurationApply"
BOOTSTRAP = "talos:machine/bootstrap:Bootstrap"
KUBECONFIG = "talos:cluster/kubeconfig:Kubeconfig"
RENDER = "talos:machine/getConfiguration:getConfiguration"

NODE, VIP = "192.0.2.11", "192.0.2.100"
IMAGE = {
    "contentType": "import",
    "datastoreId": "local",
    "nodeName": "pve",
    "url": "https://images.example/talos.qcow2",
}


def machine(number: int = 201, address: str = NODE, **more: Any) -> dict[str, Any]:
    disk = {"interface": "scsi0", "importFrom": "local:import/talos.qcow2"}
    config = {"ipv4": {"address": f"{address}/24", "gateway": "192.0.2.1"}}
    return {
        "nodeName": "pve",
        "vmId": number,
        "disks": [disk],
        "initialization": {"ipConfigs": [config]},
        "networkDevices": [{"macAddress": f"BC:24:11:00:00:{number % 100:02d}"}],
        **more,
    }


@pytest.fixture
def proxmox(bench: Bench) -> Bench:
    """A host with the image."""
    bench.configure("proxmoxve", endpoint="https://pve.example:8006/", apiToken="set")
    bench.create(FILE, IMAGE)
    return bench


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"endpoint": "https://pve.example/api2/json"}, "expected a bare https URL"),
        ({"endpoint": "pve.example"}, "expected a bare https URL"),
        ({"apiToken": "root@pam=00000000-0000-4000-8000-000000000000"}, "USER@REALM!TOKENID=UUID"),
        ({"apiToken": "root@pam!lab=secret"}, "USER@REALM!TOKENID=UUID"),
        ({"api_token": "x"}, "Invalid or unknown key 'api_token'"),
    ],
)
def test_a_wrong_provider_configuration_is_refused(bench: Bench, config: dict[str, str], reason: str) -> None:
    assert reason in "; ".join(bench.problems("proxmoxve", config)), "the provider says which form it wants"


def test_a_right_provider_configuration_is_taken(bench: Bench) -> None:
    token = "pulumi@pve!lab=00000000-0000-4000-8000-000000000000"
    config = {"endpoint": "https://pve.example:8006/", "apiToken": token, "insecure": "false"}
    assert bench.problems("proxmoxve", config) == [], "as the documentation writes it"


def test_a_vm_boots_from_an_image_that_is_there(proxmox: Bench) -> None:
    disk = {"interface": "scsi0", "importFrom": "local:import/other.qcow2"}
    with refuses("volume 'local:import/other.qcow2' does not exist on node pve"):
        proxmox.create(VM, machine(disks=[disk]))
    assert proxmox.create(VM, machine()).identifier == "201", "the id is the VM id"


def test_ids_macs_and_addresses_are_used_once(proxmox: Bench) -> None:
    proxmox.create(VM, machine(), "one")
    with refuses("VM 201 already exists"):
        changed = machine(address="192.0.2.12", networkDevices=[])
        proxmox.create(VM, changed, "two")
    with refuses(f"VM 201 already uses {NODE}"):
        proxmox.create(VM, machine(202), "two")
    with refuses("VM 201 already uses BC:24:11:00:00:01"):
        proxmox.create(VM, machine(301, "192.0.2.12"), "two")
    assert proxmox.create(VM, machine(202, "192.0.2.12"), "two").identifier == "202", "nothing in common"


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (machine(99), "expected vm_id to be in the range"),
        (machine(9999), "Proxmox CSI plugin"),
        (machine(bios="ovmf"), "no EFI disk is configured"),
        (machine(networkDevices=[{"macAddress": "not-a-mac"}]), "is not a MAC address"),
        (machine(disks=[{"interface": "scsi0"}, {"interface": "scsi0"}]), "duplicate disk interface"),
        (machine(disks=[{"interface": "scsi0", "import_from": "x"}]), "did you mean 'importFrom'"),
        (machine(cpu={"cores": "four"}), "int required, got str"),
        ({"vmId": 201}, "The argument 'nodeName' is required"),
    ],
)
def test_a_malformed_vm_is_refused(bench: Bench, inputs: dict[str, Any], reason: str) -> None:
    with refuses(reason, CheckFailedError):
        bench.check(VM, inputs)


def test_a_file_that_somebody_else_put_there_is_not_overwritten_unasked(proxmox: Bench) -> None:
    with refuses("refusing to override existing file"):
        proxmox.create(FILE, IMAGE, "second")
    proxmox.create(FILE, {**IMAGE, "overwriteUnmanaged": True}, "third")
    with refuses("Attribute url must match regex", CheckFailedError):
        proxmox.check(FILE, {**IMAGE, "url": "ftp://images.example/x"})


def test_an_image_of_an_unknown_schematic_is_not_served(proxmox: Bench) -> None:
    url = f"https://factory.talos.dev/image/{'0' * 64}/v1.13.0/nocloud-amd64.qcow2"
    with refuses("404 Not Found: unknown schematic"):
        proxmox.create(FILE, {**IMAGE, "url": url}, "image")
    schematic = proxmox.create("talos:imageFactory/schematic:Schematic", {"schematic": "customization: {}\n"})
    url = url.replace("0" * 64, schematic.identifier)
    assert proxmox.create(FILE, {**IMAGE, "url": url}, "image").identifier, "the factory has seen this one"
    assert schematic.identifier.startswith("376567988ad3"), "the known id of the empty customization"


def talos(bench: Bench, kind: str = "controlplane", **more: Any) -> dict[str, Any]:
    """Secrets of a cluster and the inputs of an apply on the node."""
    made = bench.create(SECRETS, {}, "secrets").outputs
    rendered = bench.invoke(
        RENDER,
        {
            "clusterName": "dev",
            "clusterEndpoint": f"https://{VIP}:6443",
            "machineType": kind,
            "machineSecrets": made["machineSecrets"],
            "kubernetesVersion": "1.36.0",
        },
    )
    inputs = {"clientConfiguration": made["clientConfiguration"], "node": NODE}
    return {**inputs, "machineConfigurationInput": rendered["machineConfiguration"], **more}


def node_call(inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"clientConfiguration": inputs["clientConfiguration"], "node": NODE, **more}


def test_keys_in_snake_case_are_refused_where_the_sdk_does_not_translate_them(bench: Bench) -> None:
    made = bench.create(SECRETS, {}).outputs["machineSecrets"]
    certs = dict(made["certs"])
    certs["k8s_aggregator"] = certs.pop("k8sAggregator")
    arguments = {"clusterName": "dev", "clusterEndpoint": f"https://{VIP}:6443", "machineType": "worker"}
    with refuses("k8sAggregator"):
        bench.invoke(RENDER, {**arguments, "machineSecrets": {**made, "certs": certs}})
    client = {"ca_certificate": "a", "client_certificate": "b", "client_key": "c"}
    with refuses("clientConfiguration.*caCertificate", CheckFailedError):
        bench.check(BOOTSTRAP, {"node": NODE, "clientConfiguration": client})
    assert bench.invoke(RENDER, {**arguments, "machineSecrets": made})["machineConfiguration"], "camelCase is right"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"clusterEndpoint": VIP}, "must be a valid URL with a port"),
        ({"machineType": "control-plane"}, "must be one of controlplane, worker"),
        ({"configPatches": ["machine: ["]}, "config_patches\\[0\\]: yaml"),
        ({"configPatches": ["machin: {}"]}, "unknown keys found during decoding"),
        ({"config_patches": []}, "Invalid or unknown key 'config_patches'"),
    ],
)
def test_a_wrong_argument_of_the_configuration_is_refused(bench: Bench, change: dict[str, Any], reason: str) -> None:
    made = bench.create(SECRETS, {}).outputs["machineSecrets"]
    arguments = {
        "clusterName": "dev",
        "clusterEndpoint": f"https://{VIP}:6443",
        "machineType": "worker",
        "machineSecrets": made,
    }
    with refuses(reason):
        bench.invoke(RENDER, {**arguments, **change})


def test_a_configuration_is_applied_to_a_machine_that_runs(proxmox: Bench) -> None:
    inputs = talos(proxmox)
    with refuses(f"dial tcp {NODE}:50000: connect: no route to host"):
        proxmox.create(APPLY, inputs)
    proxmox.create(VM, machine())
    assert proxmox.create(APPLY, inputs).outputs["endpoint"] == NODE, "the endpoint is the node unless given"


def test_talos_is_never_reached_over_the_virtual_address(proxmox: Bench) -> None:
    proxmox.create(VM, machine())
    proxmox.create(VM, machine(202, VIP), "wrong")
    inputs = talos(proxmox)
    with refuses(f"node {VIP} is the cluster's virtual address"):
        proxmox.create(APPLY, {**inputs, "node": VIP})
    proxmox.create(APPLY, inputs)
    with refuses(f"endpoint {VIP} is the cluster's virtual address"):
        proxmox.create(BOOTSTRAP, node_call(inputs, endpoint=VIP))


def test_the_bootstrap_needs_an_applied_control_plane(proxmox: Bench) -> None:
    proxmox.create(VM, machine())
    inputs = talos(proxmox, "worker")
    with refuses("is in maintenance mode: it was given no configuration yet"):
        proxmox.create(BOOTSTRAP, node_call(inputs))
    proxmox.create(APPLY, inputs)
    with refuses("bootstrap is only available on control plane nodes"):
        proxmox.create(BOOTSTRAP, node_call(inputs))


def test_a_client_of_another_cluster_is_not_trusted(proxmox: Bench) -> None:
    proxmox.create(VM, machine())
    stranger = {"caCertificate": "a", "clientCertificate": "b", "clientKey": "c"}
    with refuses("certificate signed by unknown authority"):
        proxmox.create(APPLY, {**talos(proxmox), "clientConfiguration": stranger})


def test_the_kubeconfig_comes_after_the_bootstrap_and_names_the_virtual_address(proxmox: Bench) -> None:
    proxmox.create(VM, machine())
    inputs = talos(proxmox)
    proxmox.create(APPLY, inputs)
    with refuses("was not bootstrapped"):
        proxmox.create(KUBECONFIG, node_call(inputs))
    proxmox.create(BOOTSTRAP, node_call(inputs))
    with refuses("etcd data directory is not empty"):
        proxmox.create(BOOTSTRAP, node_call(inputs), "again")
    raw = proxmox.create(KUBECONFIG, node_call(inputs)).outputs["kubeconfigRaw"]
    document = yaml.safe_load(raw)
    assert document["clusters"][0]["cluster"]["server"] == f"https://{VIP}:6443", "clients use the virtual address"
    reason = unreachable(proxmox.world, {"kubeconfig": raw})
    assert reason is not None, "the API server takes a while to start"
    assert "connection refused" in reason, "nobody waited for it yet"
    gate = {"create": "python3 -", "environment": {"API_SERVER": f"https://{VIP}:6443"}}
    proxmox.create("command:local:Command", gate)
    assert unreachable(proxmox.world, {"kubeconfig": raw}) is None, "the gate waits until the API answers"


def test_a_command_that_waits_for_nothing_known_times_out(bench: Bench) -> None:
    with refuses("no bootstrapped Kubernetes API is named by this command"):
        bench.create("command:local:Command", {"create": "curl https://192.0.2.100:6443"})
    bench.world.put(CLUSTERS, f"https://{VIP}:6443", {"answers": False})
    with refuses("no bootstrapped Kubernetes API"):
        bench.create("command:local:Command", {"create": "true"})
