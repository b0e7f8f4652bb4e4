"""One thing in the cluster that may log in to Vault, and all that it may do there."""

from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

TOKEN_SECONDS = 600
"""How long a token lasts; each caller logs in again for every piece of work."""


@dataclass(frozen=True, kw_only=True)
class VaultKubernetesRoleArgs:
    """Who logs in and what that allows.

    Attributes:
        backend: Path of the configured Kubernetes auth method.
        role: Name of the role and of its policy.
        policy: Text of the policy, HCL.
        account: ServiceAccount that may log in; in `account_namespace`.
        audience: Audience that its token must be made for; a token made for something else is refused.
    """

    backend: pulumi.Input[str]
    role: str
    policy: pulumi.Input[str]
    account: pulumi.Input[str]
    account_namespace: pulumi.Input[str]
    audience: str


class VaultKubernetesRole(pulumi.ComponentResource):
    """Creates `<name>-policy` and `<name>`: a policy and the role that gives it to one ServiceAccount of one namespace.

    Vault's default policy is left out, so the token can do what the policy says and nothing else.

    Attributes:
        role: Name of the role, once one can log in with it.
    """

    role: pulumi.Output[str]

    def __init__(self, name: str, args: VaultKubernetesRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/kubernetes_role:VaultKubernetesRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Through the login, which exists only behind Vault's gate, the policy waits for that gate, too.
        text = pulumi.Output.all(args.backend, args.policy).apply(lambda both: both[1])
        policy = vault.Policy(f"{name}-policy", name=args.role, policy=text, opts=child)
        created = vault.kubernetes.AuthBackendRole(
            name,
            backend=args.backend,
            role_name=args.role,
            bound_service_account_names=[args.account],
            bound_service_account_namespaces=[args.account_namespace],
            audience=args.audience,
            token_policies=[policy.name],
            token_no_default_policy=True,
            token_ttl=TOKEN_SECONDS,
            token_max_ttl=TOKEN_SECONDS,
            opts=child,
        )
        self.role = created.role_name
        self.register_outputs({"role": self.role})
