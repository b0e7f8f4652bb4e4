"""Parts of a platform on a bench: what several tests build on."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.lab.bench import Bench, container, job, pod

VAULT_ADDRESS = "192.0.2.20"
VAULT_URL = f"https://{VAULT_ADDRESS}:8200"


def with_addresses(kube: Bench) -> None:
    """Cilium, a pool and its announcement."""
    kube.release("cilium", "kube-system")
    blocks = [{"start": VAULT_ADDRESS, "stop": "192.0.2.29"}]
    kube.object("cilium.io/v2", "CiliumLoadBalancerIPPool", "pool", spec={"blocks": blocks})
    kube.object("cilium.io/v2alpha1", "CiliumL2AnnouncementPolicy", "all", spec={"loadBalancerIPs": True})


def with_vault_server(kube: Bench, *, sidecar: bool = True) -> None:
    """The release of Vault on a fixed address; nobody initialises it yet."""
    with_addresses(kube)
    kube.namespace("vault")
    unseal = [{"name": "unseal", "args": ["unseal", "--mode=k8s", "--k8s-secret-name=vault-keys"]}]
    kube.release("vault", "vault", {"server": {"extraContainers": unseal if sidecar else []}}, skipAwait=True)


def initialise(kube: Bench, *, verbs: tuple[str, ...] = ("get", "update", "create"), name: str = "init") -> None:
    """The Job that initialises Vault, with a ServiceAccount of these rights."""
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": list(verbs)}]
    kube.object("v1", "ServiceAccount", name, "vault")
    rbac = "rbac.authorization.k8s.io/v1"
    kube.object(rbac, "Role", name, "vault", rules=rules)
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": "vault"}]
    kube.object(rbac, "RoleBinding", name, "vault", roleRef=reference, subjects=subjects)
    main = container(
        image="ghcr.io/bank-vaults/bank-vaults:v1.33.1",
        args=["init", "--mode=k8s", "--k8s-secret-namespace=vault", "--k8s-secret-name=vault-keys"],
        env=[{"name": "VAULT_ADDR", "value": "https://vault-0.vault-internal:8200"}],
    )
    kube.object("batch/v1", "Job", name, "vault", spec=job(pod(main, serviceAccountName=name)))


def root_token(kube: Bench) -> str:
    """The token that the initialisation left in the Secret."""
    secret = kube.cluster.get("Secret", "vault", "vault-keys")
    if secret is None:
        raise AssertionError("the initialisation writes the Secret vault-keys")
    return base64.b64decode(secret["data"]["vault-root"]).decode()


def with_vault(kube: Bench) -> None:
    """An unsealed Vault, on its address, with the provider configured for it."""
    with_vault_server(kube)
    initialise(kube)
    spec = {"type": "LoadBalancer", "selector": {"app.kubernetes.io/instance": "vault"}, "ports": [{"port": 8200}]}
    metadata = {"annotations": {"lbipam.cilium.io/ips": VAULT_ADDRESS}}
    kube.object("v1", "Service", "api", "vault", spec=spec, metadata=metadata)
    kube.configure("vault", address=VAULT_URL, token=root_token(kube))


def with_kv(kube: Bench, path: str = "app", **values: str) -> None:
    """A KV v2 engine with one secret."""
    kube.create("vault:index/mount:Mount", {"path": "kv", "type": "kv", "options": {"version": "2"}}, "kv")
    document = {"mount": "kv", "name": path, "dataJson": json.dumps(values)}
    kube.create("vault:kv/secretV2:SecretV2", document, path)


def with_reader(kube: Bench, policy: str, **role_inputs: Any) -> None:
    """Kubernetes auth with the role `reader` for External Secrets' account, under this policy."""
    kube.create("vault:index/authBackend:AuthBackend", {"type": "kubernetes"}, "kubernetes")
    host: dict[str, Any] = {"backend": "kubernetes", "kubernetesHost": "https://kubernetes.default.svc"}
    kube.create("vault:kubernetes/authBackendConfig:AuthBackendConfig", host, "config")
    kube.create("vault:index/policy:Policy", {"name": "reader", "policy": policy}, "reader")
    role = {
        "backend": "kubernetes",
        "roleName": "reader",
        "boundServiceAccountNames": ["external-secrets"],
        "boundServiceAccountNamespaces": ["external-secrets"],
        "audience": "vault",
        "tokenPolicies": ["reader"],
        **role_inputs,
    }
    kube.create("vault:kubernetes/authBackendRole:AuthBackendRole", role, "role")


def with_certificates(kube: Bench) -> None:
    """cert-manager with a self-signed ClusterIssuer."""
    kube.namespace("cert-manager")
    kube.release("cert-manager", "cert-manager", {"crds": {"enabled": True}})
    kube.object("cert-manager.io/v1", "ClusterIssuer", "root", spec={"selfSigned": {}})


def with_ingress(kube: Bench) -> None:
    """Traefik on an address of the pool."""
    kube.namespace("traefik")
    kube.release("traefik", "traefik", {"ingressClass": {"name": "traefik"}})
