"""A thin platform for the lab's own tests: one resource or two of each package, in phases that build on each other."""

import base64
import functools
import json
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_proxmoxve as pve
import pulumi_random as random
import pulumi_vault as vault
import pulumiverse_talos as talos
from pulumi_command import local

from components.talos.rollout import SCRIPT

NODE, VIP, VAULT_ADDRESS = "192.0.2.11", "192.0.2.100", "192.0.2.101"
MACHINE = f"""
machine: {{type: controlplane, ca: {{crt: TALOS}}, kubelet: {{image: "ghcr.io/siderolabs/kubelet:v1.36.0"}}}}
cluster:
  clusterName: slice
  controlPlane: {{endpoint: "https://{VIP}:6443"}}
  allowSchedulingOnControlPlanes: true
  ca: {{crt: CERT, key: KEY}}
"""
PROXMOX_TOKEN = "pulumi@pve!lab=00000000-0000-4000-8000-000000000000"


class Phase(pulumi.ComponentResource):
    """Groups resources as the real program's phases do."""

    def __init__(self, name: str) -> None:
        super().__init__("home-cluster:phase:Phase", name, None, None)


def under(parent: pulumi.Resource, provider: pulumi.ProviderResource | None = None, *after: pulumi.Resource) -> Any:
    """Options of a member of a phase."""
    return pulumi.ResourceOptions(parent=parent, provider=provider, depends_on=list(after))


def client(secrets: talos.machine.Secrets, cls: type) -> Any:
    """A client configuration of the class a resource wants."""
    return secrets.client_configuration.apply(
        lambda c: cls(ca_certificate=c.ca_certificate, client_certificate=c.client_certificate, client_key=c.client_key)
    )


def configuration(secrets: talos.machine.Secrets) -> pulumi.Output[str]:
    """The configuration with what it has of the secrets."""

    def filled(certificates: Any) -> str:
        known = {"CERT": certificates.k8s.cert, "KEY": certificates.k8s.key, "TALOS": certificates.os.cert}
        return functools.reduce(lambda text, name: text.replace(f" {name}", f" {known[name]}"), known, MACHINE)

    return pulumi.Output.secret(secrets.machine_secrets.certs.apply(filled))


def build_node(phase: Phase) -> pulumi.Resource:
    """A machine that boots from a downloaded image."""
    proxmox = pve.Provider("proxmox", endpoint="https://pve.example:8006/", api_token=PROXMOX_TOKEN)
    image = pve.download.FileLegacy(
        "image",
        node_name="pve",
        datastore_id="local",
        content_type="import",
        url="https://images.example/talos.qcow2",
        opts=under(phase, proxmox),
    )
    return pve.VmLegacy(
        "node",
        node_name="pve",
        vm_id=201,
        disks=[{"interface": "scsi0", "import_from": image.id, "datastore_id": "local"}],
        initialization={"ip_configs": [{"ipv4": {"address": f"{NODE}/24", "gateway": "192.0.2.1"}}]},
        cdrom={"file_id": "none"},
        opts=pulumi.ResourceOptions.merge(under(phase, proxmox), pulumi.ResourceOptions(ignore_changes=["disks"])),
    )


def build_talos(phase: Phase, node: pulumi.Resource) -> pulumi.Output[str]:
    """Talos on the machine; its kubeconfig, known once the API answers."""
    metal = talos.Provider("talos")
    secrets = talos.machine.Secrets("secrets", talos_version="v1.13", opts=under(phase, metal))
    apply = talos.machine.ConfigurationApply(
        "apply",
        node=NODE,
        client_configuration=client(secrets, talos.machine.ClientConfigurationArgs),
        machine_configuration_input=configuration(secrets),
        config_patches=["cluster: {network: {cni: {name: none}}}"],
        opts=under(phase, metal, node),
    )
    credentials = client(secrets, talos.machine.ClientConfigurationArgs)
    bootstrap = talos.machine.Bootstrap(
        "bootstrap", node=NODE, client_configuration=credentials, opts=under(phase, metal, apply)
    )
    credentials = client(secrets, talos.cluster.KubeconfigClientConfigurationArgs)
    kubeconfig = talos.cluster.Kubeconfig(
        "kubeconfig", node=NODE, client_configuration=credentials, opts=under(phase, metal, bootstrap)
    )
    access = kubeconfig.kubernetes_client_configuration
    environment: dict[str, pulumi.Input[str]] = {
        "API_SERVERS": access.host,
        "CA_CERTIFICATE": access.ca_certificate,
        "CLIENT_CERTIFICATE": access.client_certificate,
        "CLIENT_KEY": access.client_key,
        "SECONDS_TO_WAIT": "60",
    }
    script = SCRIPT.read_text("utf-8")
    gate = local.Command("api", create="python3 -", stdin=script, environment=environment, opts=under(phase))
    raw: pulumi.Output[str] = pulumi.Output.all(kubeconfig.kubeconfig_raw, gate.id).apply(lambda both: str(both[0]))
    return pulumi.Output.secret(raw)


def build_cluster() -> tuple[k8s.Provider, pulumi.Resource]:
    """One machine, Talos on it, Cilium and its addresses."""
    phase = Phase("cluster")
    kubeconfig = build_talos(phase, build_node(phase))
    cluster = k8s.Provider("kubernetes", kubeconfig=kubeconfig)
    cilium = release(
        phase, cluster, "cilium", repository="https://helm.cilium.io", version="1.20.0", namespace="kube-system"
    )
    custom = k8s.apiextensions.CustomResource
    blocks = [{"start": VAULT_ADDRESS, "stop": "192.0.2.110"}]
    pool: Any = {"api_version": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "spec": {"blocks": blocks}}
    policy: Any = {"api_version": "cilium.io/v2alpha1", "kind": "CiliumL2AnnouncementPolicy", "spec": {}}
    given = custom("pool", metadata={"name": "pool"}, **pool, opts=under(phase, cluster, cilium))
    announced = custom("announce", metadata={"name": "announce"}, **policy, opts=under(phase, cluster, given))
    return cluster, announced


def release(
    parent: pulumi.Resource, provider: pulumi.ProviderResource, chart: str, *after: pulumi.Resource, **inputs: Any
) -> k8s.helm.v3.Release:
    """A release that is named as its chart."""
    repository: Any = {"repo": inputs.pop("repository")}
    return k8s.helm.v3.Release(
        chart, name=chart, chart=chart, repository_opts=repository, opts=under(parent, provider, *after), **inputs
    )


def inside(namespace: pulumi.Input[str], name: str, **more: Any) -> Any:
    """Metadata of an object in a namespace."""
    return {"name": name, "namespace": namespace, **more}


def root_token(known: list[Any]) -> str:
    """The token in the data of the Secret that the Job wrote."""
    return base64.b64decode(known[1]["vault-root"]).decode()


def build_server(phase: Phase, cluster: k8s.Provider, home: pulumi.Output[str]) -> k8s.batch.v1.Job:
    """The release of Vault, and the Job that initialises it."""
    server = release(
        phase,
        cluster,
        "vault",
        repository="https://helm.releases.hashicorp.com",
        version="0.34.1",
        namespace=home,
        values={
            "server": {"extraContainers": [{"name": "unseal", "args": ["unseal", "--k8s-secret-name=vault-keys"]}]}
        },
        skip_await=True,
    )
    account = k8s.core.v1.ServiceAccount("init", metadata=inside(home, "init"), opts=under(phase, cluster))
    rules: Any = [{"api_groups": [""], "resources": ["secrets"], "verbs": ["get", "create", "update"]}]
    role = k8s.rbac.v1.Role("init", metadata=inside(home, "init"), rules=rules, opts=under(phase, cluster))
    binding = k8s.rbac.v1.RoleBinding(
        "init",
        metadata=inside(home, "init"),
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata.name},
        subjects=[inside(home, "init", kind="ServiceAccount")],
        opts=under(phase, cluster),
    )
    container: Any = {
        "name": "init",
        "image": "ghcr.io/bank-vaults/bank-vaults:v1.33.1",
        "args": ["init", "--mode=k8s", "--k8s-secret-name=vault-keys"],
        "env": [{"name": "VAULT_ADDR", "value": "https://vault-0.vault-internal:8200"}],
    }
    pod: Any = {"service_account_name": account.metadata.name, "restart_policy": "Never", "containers": [container]}
    return k8s.batch.v1.Job(
        "init-job",
        metadata=inside(home, "init", annotations={"pulumi.com/replaceUnready": "true"}),
        spec={"template": {"spec": pod}},
        opts=under(phase, cluster, server, binding),
    )


def build_vault(cluster: k8s.Provider, gate: pulumi.Resource) -> None:
    """Vault on a fixed address, with one secret in it."""
    phase = Phase("phase1-infrastructure")
    namespace = k8s.core.v1.Namespace("vault", metadata={"name": "vault"}, opts=under(phase, cluster, gate))
    home = namespace.metadata.name.apply(str)
    job = build_server(phase, cluster, home)
    service = k8s.core.v1.Service(
        "api",
        metadata=inside(home, "api", annotations={"lbipam.cilium.io/ips": VAULT_ADDRESS}),
        spec={"type": "LoadBalancer", "selector": {"app.kubernetes.io/instance": "vault"}, "ports": [{"port": 8200}]},
        opts=under(phase, cluster, job),
    )
    keys = k8s.core.v1.Secret.get("keys", job.id.apply(lambda _: "vault/vault-keys"), opts=under(phase, cluster))
    # With the id of the Job: what a read of an unknown id yields is no data, but known.
    token: pulumi.Output[str] = pulumi.Output.all(job.id, keys.data).apply(root_token)
    secret: pulumi.Output[str] = pulumi.Output.secret(token)
    api = vault.Provider("vault", address=f"https://{VAULT_ADDRESS}:8200", token=secret)
    mount = vault.Mount("kv", path="kv", type="kv", options={"version": "2"}, opts=under(phase, api, service))
    password = random.RandomPassword("password", length=24, opts=under(phase, random.Provider("random")))
    vault.kv.SecretV2(
        "secret",
        mount=mount.path,
        name="app",
        data_json=password.result.apply(lambda text: json.dumps({"password": text})),
        opts=under(phase, api),
    )


provider, ready = build_cluster()
build_vault(provider, ready)
apart = Phase("gitops")
k8s.core.v1.Namespace("flux", metadata={"name": "flux-system"}, opts=under(apart, provider, ready))
pulumi.export("urls", {"vault": f"https://{VAULT_ADDRESS}:8200"})
