"""The simulated Talos: machines before configurations, configurations before the bootstrap, then the kubeconfig."""

from typing import Any

import pytest
import yaml

from components.talos.rollout import SCRIPT
from lab.providers.base import CheckFailedError
from lab.providers.kubernetes.access import unreachable
from lab.providers.kubernetes.cluster import secret_data
from lab.providers.talos import nodes, pki
from lab.providers.talos.nodes import RESTARTS
from tests.lab.bench import Bench, refuses
from tests.lab.machines import NODE, VIP, VM, machine, with_host

SECRETS = "talos:machine/secrets:Secrets"
APPLY = "talos:machine/configurationApply:ConfigurationApply"
BOOTSTRAP = "talos:machine/bootstrap:Bootstrap"
KUBECONFIG = "talos:cluster/kubeconfig:Kubeconfig"
COMMAND = "command:local:Command"
RENDER = "talos:machine/getConfiguration:getConfiguration"


@pytest.fixture
def proxmox(bench: Bench) -> Bench:
    """A host with the image."""
    with_host(bench)
    return bench


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


def gate(kubeconfig: dict[str, Any], **changed: str) -> dict[str, Any]:
    """The gate of the API, with the client of a kubeconfig."""
    client = kubeconfig["kubernetesClientConfiguration"]
    environment = {
        "API_SERVERS": client["host"],
        "CA_CERTIFICATE": client["caCertificate"],
        "CLIENT_CERTIFICATE": client["clientCertificate"],
        "CLIENT_KEY": client["clientKey"],
        "SECONDS_TO_WAIT": "60",
    }
    return {"create": "python3 -", "stdin": SCRIPT.read_text("utf-8"), "environment": environment | changed}


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


def test_a_machine_is_the_node_that_its_documents_name(proxmox: Bench) -> None:
    proxmox.create(VM, machine())
    patch = "{apiVersion: v1alpha1, kind: HostnameConfig, auto: 'off', hostname: worker0}"
    arguments = {"clusterName": "dev", "clusterEndpoint": f"https://{VIP}:6443", "machineType": "worker"}
    inputs = talos(proxmox, "worker")
    made = proxmox.create(SECRETS, {}, "again").outputs
    rendered = proxmox.invoke(RENDER, {**arguments, "machineSecrets": made["machineSecrets"], "configPatches": [patch]})
    inputs["machineConfigurationInput"] = rendered["machineConfiguration"]
    with refuses("certificate signed by unknown authority"):
        proxmox.create(APPLY, inputs)
    inputs["clientConfiguration"] = made["clientConfiguration"]
    text = proxmox.create(APPLY, inputs).outputs["machineConfiguration"]
    assert nodes.names(proxmox.world) == {"worker0"}, "the kubelet registers under the hostname"
    assert "HostnameConfig" in text, "documents beside the main one are part of the configuration"


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
    with refuses("AlreadyExists desc = etcd data directory is not empty"):
        proxmox.create(BOOTSTRAP, node_call(inputs), "again")
    outputs = proxmox.create(KUBECONFIG, node_call(inputs)).outputs
    raw = outputs["kubeconfigRaw"]
    document = yaml.safe_load(raw)
    assert document["clusters"][0]["cluster"]["server"] == f"https://{VIP}:6443", "clients use the virtual address"
    reason = unreachable(proxmox.world, {"kubeconfig": raw})
    assert reason is not None, "the API server takes a while to start"
    assert "connection refused" in reason, "nobody waited for it yet"
    stranger = pki.authority("stranger", "kubernetes")
    with refuses("certificate verify failed"):
        proxmox.create(COMMAND, gate(outputs, CA_CERTIFICATE=pki.b64(stranger.certificate)))
    with refuses("answers 401: .*Unauthorized"):
        client = pki.client("x", "admin", "system:masters", stranger)
        proxmox.create(COMMAND, gate(outputs, CLIENT_CERTIFICATE=pki.b64(client.certificate), NODES="control0"))
    proxmox.create(COMMAND, gate(outputs))
    assert unreachable(proxmox.world, {"kubeconfig": raw}) is None, "the gate waits until the API answers"


def test_a_command_that_nobody_knows_proves_nothing(bench: Bench) -> None:
    with refuses("the lab knows the program's two commands and no other"):
        bench.create(COMMAND, {"create": "curl https://192.0.2.100:6443"})


def test_ids_are_the_constant_words_of_the_provider(proxmox: Bench) -> None:
    proxmox.create(VM, machine())
    inputs = talos(proxmox)
    assert proxmox.create(SECRETS, {}, "others").identifier == "machine_secrets", "whatever it is called"
    assert proxmox.create(APPLY, inputs).identifier == "machine_configuration_apply", "of every node"
    assert proxmox.create(BOOTSTRAP, node_call(inputs)).identifier == "machine_bootstrap", "so no trigger by it fires"
    assert proxmox.create(KUBECONFIG, node_call(inputs)).identifier == "dev", "the name of the cluster"
    assert proxmox.read(BOOTSTRAP, "machine_bootstrap", node_call(inputs)), "the provider reads nothing back"


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ("machine: {files: [{path: /var/x, content: x}]}", "reboot"),
        ("machine: {features: {rbac: false}}", "reboot"),
        ("machine: {kubelet: {image: 'kubelet:v1.36.1'}}", "restart"),
        ("cluster: {apiServer: {certSANs: [api.example]}}", "restart"),
        ("machine: {features: {kubePrism: {enabled: true}}, nodeLabels: {a: b}}", ""),
    ],
)
def test_a_running_node_reboots_for_what_talos_cannot_take_while_running(proxmox: Bench, patch: str, why: str) -> None:
    proxmox.create(VM, machine())
    inputs = talos(proxmox)
    proxmox.create(APPLY, inputs)
    proxmox.create(BOOTSTRAP, node_call(inputs))
    proxmox.update(APPLY, "machine_configuration_apply", inputs, {**inputs, "configPatches": [patch]})
    assert [one["why"] for one in proxmox.world.table(RESTARTS).values()] == ([why] if why else []), patch


ACCESS = "machine: {features: {kubernetesTalosAPIAccess: %s}}"
GIVEN = ACCESS % "{enabled: true, allowedRoles: ['os:etcd:backup'], allowedKubernetesNamespaces: [kube-public]}"
TALOS_API = "talos.dev/v1alpha1"


def with_access(proxmox: Bench, patch: str) -> Bench:
    """A cluster that answers, with a control plane of that configuration."""
    proxmox.create(VM, machine())
    inputs = talos(proxmox, configPatches=[patch])
    proxmox.create(APPLY, inputs)
    proxmox.create(BOOTSTRAP, node_call(inputs))
    given = proxmox.create(KUBECONFIG, node_call(inputs)).outputs
    proxmox.create(COMMAND, gate(given))
    proxmox.configure("kubernetes", kubeconfig=given["kubeconfigRaw"])
    return proxmox


def account(bench: Bench, namespace: str = "kube-public", role: str = "os:etcd:backup") -> str:
    """Why Talos refuses the account; nothing where it has its Secret."""
    bench.object(TALOS_API, "ServiceAccount", "etcd", namespace, spec={"roles": [role]})
    found = bench.cluster.get("talos.dev/ServiceAccount", namespace, "etcd") or {}
    reason = str((found.get("status") or {}).get("failureReason", ""))
    assert bench.cluster.exists("Secret", namespace, "etcd") is not bool(reason) or "already exists" in reason, reason
    return reason


def test_pods_get_at_talos_where_the_configuration_of_a_control_plane_says_so(proxmox: Bench) -> None:
    bench = with_access(proxmox, GIVEN)
    assert account(bench) == "", "its namespace and its role are those of the configuration"
    data = secret_data(bench.cluster.get("Secret", "kube-public", "etcd") or {})
    assert yaml.safe_load(data["config"])["contexts"]["default"]["endpoints"] == ["talos.default"], "the Service"


def test_without_the_feature_the_kind_is_not_served(proxmox: Bench) -> None:
    with refuses('no matches for kind "ServiceAccount" in version "talos.dev/v1alpha1"'):
        account(with_access(proxmox, ACCESS % "{enabled: false}"))


def test_whoever_is_not_in_the_configuration_gets_no_secret(proxmox: Bench) -> None:
    bench = with_access(proxmox, GIVEN)
    assert account(bench, "kube-system") == "Namespace is not allowed: kube-system", "another place"
    assert account(bench, role="os:admin") == "Roles not allowed: [os:admin]", "more than was given"
    bench.object("v1", "Secret", "etcd", "kube-node-lease", data={})
    wider = GIVEN.replace("[kube-public]", "[kube-node-lease]")
    inputs = talos(bench, configPatches=[wider])
    bench.update(APPLY, "machine_configuration_apply", inputs, inputs)
    assert "not managed by controller" in account(bench, "kube-node-lease"), "a Secret that somebody else made stays"
    assert not bench.world.table(RESTARTS), "Talos takes it while it runs"


@pytest.mark.parametrize(
    ("kind", "patch", "why"),
    [
        ("worker", GIVEN, "can only be enabled on control plane machines"),
        ("controlplane", GIVEN.replace("os:etcd:backup", "os:backup"), 'invalid role "os:backup"'),
    ],
)
def test_an_access_that_talos_knows_no_such_of_is_refused(proxmox: Bench, kind: str, patch: str, why: str) -> None:
    proxmox.create(VM, machine())
    with refuses(why):
        proxmox.create(APPLY, talos(proxmox, kind, configPatches=[patch]))


def test_with_its_last_machine_a_cluster_is_gone(proxmox: Bench) -> None:
    proxmox.create(VM, machine())
    inputs = talos(proxmox)
    proxmox.create(APPLY, inputs)
    proxmox.create(BOOTSTRAP, node_call(inputs))
    proxmox.delete(VM, "201")
    proxmox.create(VM, machine())
    proxmox.create(APPLY, inputs)
    assert proxmox.create(BOOTSTRAP, node_call(inputs)).identifier, "its etcd was on the disk of the machine"
