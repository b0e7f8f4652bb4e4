"""What Vault serves to the platform: the KV engine, the Kubernetes login and its least-privilege role."""

from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from lib.secrets import KV_MOUNT
from lib.vault import policies

AUDIENCE = "vault"
"""Audience of the ServiceAccount tokens that may log in; a token made for something else is refused."""

READER_ROLE = "external-secrets"
_KUBERNETES_PATH = "kubernetes"
_TOKEN_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class VaultConfigurationArgs:
    """Who may read.

    Attributes:
        gate: The unsealed Vault. Named besides the provider, since an order of providers is not one of resources.
        reader_account: ServiceAccount of External Secrets.
    """

    gate: pulumi.Resource
    reader_account: str
    reader_namespace: str


class VaultConfiguration(pulumi.ComponentResource):
    """Creates:

    - `<name>-audit`: audit device that writes to the container's log, hashed. (Vault stops serving when an audit
      file can no longer be written, so a full volume would take everything down.)
    - `<name>-kv`: the KV v2 engine at `kv`.
    - `<name>-kubernetes`, `<name>-kubernetes-config`: Kubernetes auth; Vault reviews tokens with its own account.
    - `<name>-reader-policy`, `<name>-reader`: policy and role of External Secrets.

    Attributes:
        kv_mount: Path of the KV engine.
        kubernetes_path: Path of the Kubernetes auth method.
        reader_role: Role that External Secrets logs in with.
    """

    kv_mount: pulumi.Output[str]
    kubernetes_path: pulumi.Output[str]
    reader_role: pulumi.Output[str]

    def __init__(self, name: str, args: VaultConfigurationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/configuration:VaultConfiguration", name, None, opts)
        after_gate = pulumi.ResourceOptions(parent=self, depends_on=[args.gate])
        vault.Audit(f"{name}-audit", type="file", options={"file_path": "stdout"}, opts=after_gate)
        mount = vault.Mount(
            f"{name}-kv",
            path=KV_MOUNT,
            type="kv",
            options={"version": "2"},
            description="Secrets of the platform; written by Pulumi only",
            opts=after_gate,
        )
        self.kv_mount = mount.path
        login = vault.AuthBackend(f"{name}-kubernetes", type="kubernetes", path=_KUBERNETES_PATH, opts=after_gate)
        self.kubernetes_path = login.path
        self.reader_role = self._reader(name, args, login)
        self.register_outputs({"kv_mount": self.kv_mount, "reader_role": self.reader_role})

    def _reader(self, name: str, args: VaultConfigurationArgs, login: vault.AuthBackend) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self, depends_on=[args.gate])
        config = vault.kubernetes.AuthBackendConfig(
            f"{name}-kubernetes-config",
            backend=login.path,
            kubernetes_host="https://kubernetes.default.svc:443",
            opts=child,
        )
        policy = vault.Policy(
            f"{name}-reader-policy", name="platform-reader", policy=policies.platform_reader(), opts=child
        )
        role = vault.kubernetes.AuthBackendRole(
            f"{name}-reader",
            backend=config.backend.apply(lambda backend: backend or _KUBERNETES_PATH),
            role_name=READER_ROLE,
            bound_service_account_names=[args.reader_account],
            bound_service_account_namespaces=[args.reader_namespace],
            audience=AUDIENCE,
            token_policies=[policy.name],
            token_no_default_policy=True,
            token_ttl=_TOKEN_SECONDS,
            token_max_ttl=_TOKEN_SECONDS,
            opts=child,
        )
        return role.role_name
