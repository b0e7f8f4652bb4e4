"""Values of the Vault chart 0.34.1: integrated storage, TLS, one server or three, each unsealed by its own sidecar.

Checked against the chart's templates (server-statefulset.yaml, _helpers.tpl) and the server of Vault 1.21.
"""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.vault.server_config import API_PORT, METRICS_PORT, TLS_DIRECTORY, api_address, server_config
from lib.images import BANK_VAULTS, PYTHON, VAULT, parts
from lib.kubernetes import resources, restricted_container, spread

KEYS_SECRET = "vault-keys"
"""Secret into which bank-vaults writes the root token and the unseal key."""
ROOT_KEY = "vault-root"
UNSEAL_KEY = "vault-unseal-0"

AUDIT_DIRECTORY = "/vault/audit"
AUDIT_LOG = f"{AUDIT_DIRECTORY}/audit.log"
_SERVER = {"app.kubernetes.io/name": "vault", "component": "server"}
_USER, _GROUP = 100, 1000  # vault's, as the chart sets them


@dataclass(frozen=True, kw_only=True)
class VaultValues:
    """Inputs of the values.

    Attributes:
        namespace: Namespace of the Secret with the keys.
        replicas: 1, or the number of servers of a raft cluster.
        tls_secret: Secret with tls.crt, tls.key and ca.crt.
        data_size: Volume of the integrated storage of each server.
        audit_size: Volume of the audit log of each server.
        caretaker_script: ConfigMap with `caretaker.py`.
        caretaker_digest: Fingerprint of that script; a changed one restarts the pods.
    """

    namespace: str
    replicas: int
    tls_secret: pulumi.Input[str]
    storage_class: pulumi.Input[str]
    data_size: str
    audit_size: str
    caretaker_script: pulumi.Input[str]
    caretaker_digest: str


def values(args: VaultValues) -> dict[str, Any]:
    """Values of the release."""
    return {
        "global": {"tlsDisable": False},
        "injector": {"enabled": False},
        "csi": {"enabled": False},
        "ui": {"enabled": False},
        "server": {**_server(args), **_pod(args), **_placement(args), **_mode(args)},
    }


def _server(args: VaultValues) -> dict[str, Any]:
    repository, tag = parts(VAULT)
    return {
        "image": {"repository": repository, "tag": tag},
        # OnDelete, the default, would keep pods on old values. Restarts are safe: the sidecar unseals.
        "updateStrategyType": "RollingUpdate",
        "includeConfigAnnotation": True,
        "annotations": {"home-cluster/caretaker": args.caretaker_digest},
        "resources": resources("50m", "512Mi"),
        "extraEnvironmentVars": {"VAULT_CACERT": f"{TLS_DIRECTORY}/ca.crt"},
        "extraPorts": [{"name": "metrics", "containerPort": METRICS_PORT}],
        "dataStorage": {"enabled": True, "size": args.data_size, "storageClass": args.storage_class},
        "auditStorage": {"enabled": True, "size": args.audit_size, "storageClass": args.storage_class},
        "authDelegator": {"enabled": True},
    }


def _pod(args: VaultValues) -> dict[str, Any]:
    """Volumes, sidecars and privileges: what the restricted standard asks for, and a root file system to read only.

    Vault can do without any capability since 2.0.3, whose image no longer marks the binary with IPC_LOCK.
    """
    return {
        "statefulSet": {
            "securityContext": {
                "pod": {
                    "runAsNonRoot": True,
                    "runAsUser": _USER,
                    "runAsGroup": _GROUP,
                    "fsGroup": _GROUP,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "container": restricted_container(),
            }
        },
        # The caretaker signals the server, which it can only see then; both have the same user.
        "shareProcessNamespace": True,
        "volumes": [
            {"name": "tls", "secret": {"secretName": args.tls_secret}},
            {"name": "caretaker", "configMap": {"name": args.caretaker_script}},
            {"name": "tmp", "emptyDir": {}},  # the entry point copies the configuration there
        ],
        "volumeMounts": [_TLS_MOUNT, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - a path in the container
        "extraContainers": [_unsealer(args.namespace), _caretaker()],
    }


def _placement(args: VaultValues) -> dict[str, Any]:
    """Servers never share a node, by the chart's default, nor a host of those where there are several."""
    return {"topologySpreadConstraints": spread(_SERVER)[1:]} if args.replicas > 1 else {}


def _mode(args: VaultValues) -> dict[str, Any]:
    """One server or a raft cluster of several; both tell others an address that is in the certificate."""
    config = server_config(args.replicas)
    # The chart uses this address in either mode. The variable is defined before the one that holds the address.
    address = {"apiAddr": api_address("$(VAULT_K8S_POD_NAME)", args.namespace)}
    if args.replicas == 1:
        return {"standalone": {"enabled": True, "config": config}, "ha": {"enabled": False, **address}}
    return {
        "standalone": {"enabled": False},
        "ha": {
            "enabled": True,
            "replicas": args.replicas,
            **address,
            "disruptionBudget": {"enabled": True},
            "raft": {"enabled": True, "setNodeId": True, "config": config},
        },
    }


_TLS_MOUNT = {"name": "tls", "mountPath": TLS_DIRECTORY, "readOnly": True}


def bank_vaults_flags(namespace: str) -> list[str]:
    """Flags of `bank-vaults` that say where the keys are."""
    return ["--mode=k8s", f"--k8s-secret-namespace={namespace}", f"--k8s-secret-name={KEYS_SECRET}"]


def _unsealer(namespace: str) -> dict[str, Any]:
    """Sidecar that only unseals: it can never initialise, and so never replace a lost Vault by an empty one.

    A server that joins a cluster is unsealed the same way: Vault asks the others to let it in (`retry_join`) and takes
    the key as the proof. So the `--raft` flags, which come with the power to initialise, are not needed.
    It skips verification on the loopback of its own pod, since an expired certificate would otherwise keep Vault
    sealed after a long outage.
    """
    return {
        "name": "unseal",
        "image": BANK_VAULTS,
        "args": ["unseal", *bank_vaults_flags(namespace)],
        "env": [
            {"name": "VAULT_ADDR", "value": f"https://127.0.0.1:{API_PORT}"},
            {"name": "VAULT_SKIP_VERIFY", "value": "true"},
        ],
        "resources": resources("10m", "64Mi"),
        "securityContext": restricted_container(),
    }


def _caretaker() -> dict[str, Any]:
    """Sidecar that rotates the audit log and has Vault take a renewed certificate (scripts/caretaker.py)."""
    return {
        "name": "caretaker",
        "image": PYTHON,
        "command": ["python3", "-u", "/caretaker/caretaker.py"],
        "env": [
            {"name": "AUDIT_LOG", "value": AUDIT_LOG},
            {"name": "CERTIFICATE", "value": f"{TLS_DIRECTORY}/tls.crt"},
        ],
        "volumeMounts": [
            {"name": "audit", "mountPath": AUDIT_DIRECTORY},
            _TLS_MOUNT,
            {"name": "caretaker", "mountPath": "/caretaker", "readOnly": True},
        ],
        "resources": resources("10m", "64Mi"),
        "securityContext": restricted_container(),
    }
