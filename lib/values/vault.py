"""Values of the Vault chart 0.34.1: standalone, integrated storage, TLS, unsealed by a sidecar."""

from dataclasses import dataclass
from typing import Any

from lib.images import BANK_VAULTS
from lib.kubernetes import resources

TLS_DIRECTORY = "/vault/userconfig/tls"
KEYS_SECRET = "vault-keys"
"""Secret into which bank-vaults writes the root token and the unseal key."""
ROOT_KEY = "vault-root"
UNSEAL_KEY = "vault-unseal-0"

# `tls_disable = 0` is the default of a listener that has certificate files. Raft and not file storage: only it has
# snapshots. The words HOST_IP, POD_IP, HOSTNAME and API_ADDR would be substituted by the chart's entry point.
_CONFIG = f"""ui = true
disable_mlock = true

listener "tcp" {{
  address         = "[::]:8200"
  cluster_address = "[::]:8201"
  tls_cert_file   = "{TLS_DIRECTORY}/tls.crt"
  tls_key_file    = "{TLS_DIRECTORY}/tls.key"
}}

storage "raft" {{
  path    = "/vault/data"
  node_id = "vault-0"
}}
"""


@dataclass(frozen=True, kw_only=True)
class VaultValues:
    """Inputs of the values.

    Attributes:
        namespace: Namespace of the Secret with the keys.
        tls_secret: Secret with tls.crt, tls.key and ca.crt.
    """

    namespace: str
    tls_secret: Any
    storage_class: Any
    data_size: str


def values(args: VaultValues) -> dict[str, Any]:
    """Values of the release."""
    return {
        "global": {"tlsDisable": False},
        "injector": {"enabled": False},
        "csi": {"enabled": False},
        "ui": {"enabled": False},
        "server": {
            # OnDelete, the default, would keep pods on old values. Restarts are safe: the sidecar unseals.
            "updateStrategyType": "RollingUpdate",
            "includeConfigAnnotation": True,
            "resources": resources("50m", "512Mi"),
            "extraEnvironmentVars": {"VAULT_CACERT": f"{TLS_DIRECTORY}/ca.crt"},
            "volumes": [{"name": "tls", "secret": {"secretName": args.tls_secret}}],
            "volumeMounts": [_TLS_MOUNT],
            "extraContainers": [_unsealer(args.namespace)],
            "dataStorage": {"enabled": True, "size": args.data_size, "storageClass": args.storage_class},
            "authDelegator": {"enabled": True},
            "standalone": {"enabled": True, "config": _CONFIG},
            "ha": {"enabled": False},
        },
    }


_TLS_MOUNT = {"name": "tls", "mountPath": TLS_DIRECTORY, "readOnly": True}


def bank_vaults_flags(namespace: str) -> list[str]:
    """Flags of `bank-vaults` that say where the keys are."""
    return ["--mode=k8s", f"--k8s-secret-namespace={namespace}", f"--k8s-secret-name={KEYS_SECRET}"]


def _unsealer(namespace: str) -> dict[str, Any]:
    """Sidecar that only unseals: it can never initialise, and so never replace a lost Vault by an empty one.

    It skips verification on the loopback of its own pod, since an expired certificate would otherwise keep Vault
    sealed after a long outage.
    """
    return {
        "name": "unseal",
        "image": BANK_VAULTS,
        "args": ["unseal", *bank_vaults_flags(namespace)],
        "env": [
            {"name": "VAULT_ADDR", "value": "https://127.0.0.1:8200"},
            {"name": "VAULT_SKIP_VERIFY", "value": "true"},
        ],
        "resources": resources("10m", "64Mi"),
    }
