"""What Vault serves to the platform: audit, the KV engine, the Kubernetes login, and who may read secrets with it."""

from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from components.vault import policies
from components.vault.kubernetes_role import VaultKubernetesRole, VaultKubernetesRoleArgs
from components.vault.values import AUDIT_LOG
from lib.secrets import KV_MOUNT

AUDIENCE = "vault"
"""Audience of the ServiceAccount tokens that may log in; a token made for something else is refused."""

READER_ROLE = "external-secrets"
_KUBERNETES_PATH = "kubernetes"


@dataclass(frozen=True, kw_only=True)
class VaultConfigurationArgs:
    """Who may read.

    Attributes:
        reader_account: ServiceAccount of External Secrets.
    """

    reader_account: str
    reader_namespace: str


class VaultConfiguration(pulumi.ComponentResource):
    """Creates:

    - `<name>-audit-log`: audit device that writes to the container's log, hashed.
    - `<name>-audit-file`: audit device that writes to the audit volume of each server, hashed. Vault serves as long as
      one of the two can be written, so a full volume takes nothing down; it is the second to be made for that reason.
    - `<name>-kv`: the KV v2 engine at `kv`.
    - `<name>-kubernetes`, `<name>-kubernetes-config`: Kubernetes auth. Vault has the API server review each token, as
      its own ServiceAccount, and trusts the CA and the token that its pod is given: whatever issuer the API server
      names (the cluster endpoint, on Talos), nothing here has to repeat it.
    - `<name>-reader`: VaultKubernetesRole of External Secrets.

    Attributes:
        kv_mount: Path of the KV engine.
        kubernetes_path: Path of the Kubernetes auth method, once it is configured.
        reader_role: Role that External Secrets logs in with.
    """

    kv_mount: pulumi.Output[str]
    kubernetes_path: pulumi.Output[str]
    reader_role: pulumi.Output[str]

    def __init__(self, name: str, args: VaultConfigurationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/configuration:VaultConfiguration", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._audit(name)
        mount = vault.Mount(
            f"{name}-kv",
            path=KV_MOUNT,
            type="kv",
            options={"version": "2"},
            description="Secrets of the platform; written by Pulumi only",
            opts=self._child,
        )
        self.kv_mount = mount.path
        self.kubernetes_path = self._kubernetes(name)
        self.reader_role = VaultKubernetesRole(
            f"{name}-reader",
            VaultKubernetesRoleArgs(
                backend=self.kubernetes_path,
                role=READER_ROLE,
                policy=policies.platform_reader(),
                account=args.reader_account,
                account_namespace=args.reader_namespace,
                audience=AUDIENCE,
            ),
            self._child,
        ).role
        self.register_outputs({"kv_mount": self.kv_mount, "reader_role": self.reader_role})

    def _audit(self, name: str) -> None:
        log = vault.Audit(
            f"{name}-audit-log", type="file", path="log", options={"file_path": "stdout"}, opts=self._child
        )
        vault.Audit(
            f"{name}-audit-file",
            type="file",
            path="file",
            options={"file_path": AUDIT_LOG},
            # Never the only device: with a full volume, Vault would refuse everything, also a second device.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[log]),
        )

    def _kubernetes(self, name: str) -> pulumi.Output[str]:
        login = vault.AuthBackend(f"{name}-kubernetes", type="kubernetes", path=_KUBERNETES_PATH, opts=self._child)
        config = vault.kubernetes.AuthBackendConfig(
            f"{name}-kubernetes-config",
            backend=login.path,
            kubernetes_host="https://kubernetes.default.svc:443",
            opts=self._child,
        )
        return config.backend.apply(lambda backend: backend or _KUBERNETES_PATH)
