"""What the backup may do in Vault."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.vault import policies
from components.vault.configuration import AUDIENCE
from components.vault.kubernetes_role import VaultKubernetesRole, VaultKubernetesRoleArgs

ROLE = "backup"
ACCOUNT = "vault-backup"


@dataclass(frozen=True, kw_only=True)
class VaultBackupAccessArgs:
    """Where the backup runs, and the login it uses.

    Attributes:
        kubernetes_path: Path of the configured Kubernetes auth method.
    """

    namespace: pulumi.Output[str]
    kubernetes_path: pulumi.Input[str]


class VaultBackupAccess(pulumi.ComponentResource):
    """Creates:

    - `<name>-account`: the ServiceAccount that a backup Job runs as. No role in Kubernetes, and no token unless a pod
      asks for one made for Vault (a projected volume with the audience `vault`).
    - `<name>-role`: VaultKubernetesRole `backup`: take snapshots and give the token back, nothing else.

    Attributes:
        account: Name of the ServiceAccount.
        mount: Path of the login.
        role: Role that it logs in with.
    """

    account: pulumi.Output[str]
    mount: pulumi.Output[str]
    role: pulumi.Output[str]

    def __init__(self, name: str, args: VaultBackupAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/backup_access:VaultBackupAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata={"name": ACCOUNT, "namespace": args.namespace},
            automount_service_account_token=False,
            opts=child,
        )
        self.account, self.mount = account.metadata.name, pulumi.Output.from_input(args.kubernetes_path)
        self.role = VaultKubernetesRole(
            f"{name}-role",
            VaultKubernetesRoleArgs(
                backend=args.kubernetes_path,
                role=ROLE,
                policy=policies.snapshots(),
                account=self.account,
                account_namespace=args.namespace,
                audience=AUDIENCE,
            ),
            child,
        ).role
        self.register_outputs({"account": self.account, "role": self.role})
