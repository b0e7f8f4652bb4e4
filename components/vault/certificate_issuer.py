"""cert-manager's access to Vault's certificate authority."""

import base64
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.barrier import passed
from components.certificate import Certificate, CertificateArgs
from components.custom_resource import CustomResourceArgs, custom_resource
from components.vault import policies
from components.vault.kubernetes_role import VaultKubernetesRole, VaultKubernetesRoleArgs
from lib.kubernetes import CERT_MANAGER_API, account_subject, role_reference
from lib.names import VAULT_IN_CLUSTER, VAULT_ISSUER, SystemNamespace

ROLE = "certificate-issuer"
AUDIENCE = f"vault://{VAULT_ISSUER}"
"""cert-manager makes tokens of a ClusterIssuer for this audience (its docs, Vault issuer; internal/vault/vault.go)."""
_ACCOUNT = "vault-issuer"
_CONTROLLER = "cert-manager"  # the chart names it after the release


@dataclass(frozen=True, kw_only=True)
class VaultCertificateIssuerArgs:
    """The CA in Vault and the way to it.

    Attributes:
        sign_path: Path of Vault that signs a request.
        kubernetes_path: Path of the configured Kubernetes auth method.
        ca_certificate: PEM of the CA of Vault's own certificate.
        service: Vault's API, reachable inside the cluster.
        probe_namespace: Where a certificate proves that the issuer signs.
    """

    sign_path: pulumi.Output[str]
    kubernetes_path: pulumi.Output[str]
    ca_certificate: pulumi.Output[str]
    service: pulumi.Resource
    probe_namespace: pulumi.Output[str]


class VaultCertificateIssuer(pulumi.ComponentResource):
    """Creates:

    - `<name>-account`: ServiceAccount whose tokens log in; nothing runs as it.
    - `<name>-token-role`, `<name>-token-binding`: cert-manager may make tokens of that account, and of no other.
    - `<name>-role`: VaultKubernetesRole `certificate-issuer`: sign by one PKI role.
    - `<name>`: ClusterIssuer `vault-pki`, awaited until it has logged in.
    - `<name>-probe`: Certificate that Vault has signed: a login alone does not prove that.
    - `<name>-signs`: stands for it.

    Attributes:
        issuer: The ClusterIssuer.
        proven: Gate: the Certificate is signed; what depends on it finds an issuer that works.
    """

    issuer: k8s.apiextensions.CustomResource
    proven: pulumi.Resource

    def __init__(self, name: str, args: VaultCertificateIssuerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/certificate_issuer:VaultCertificateIssuer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata={"name": _ACCOUNT, "namespace": SystemNamespace.CERT_MANAGER},
            automount_service_account_token=False,
            opts=child,
        )
        binding = _may_make_tokens(name, account, child)
        role = VaultKubernetesRole(
            f"{name}-role",
            VaultKubernetesRoleArgs(
                backend=args.kubernetes_path,
                role=ROLE,
                policy=args.sign_path.apply(policies.certificate_issuer),
                account=account.metadata.name,
                account_namespace=account.metadata.namespace,
                audience=AUDIENCE,
            ),
            child,
        ).role
        self.issuer = custom_resource(
            name,
            CustomResourceArgs(
                api_version=CERT_MANAGER_API,
                kind="ClusterIssuer",
                name=VAULT_ISSUER,
                spec={"vault": _spec(args, role, account.metadata.name)},
                seconds=300,
            ),
            # cert-manager tries at once, and the address in the spec is a constant.
            pulumi.ResourceOptions(parent=self, depends_on=[binding, args.service]),
        )
        signed = Certificate(
            f"{name}-probe",
            CertificateArgs(
                namespace=args.probe_namespace,
                secret_name="vault-pki-probe",
                hosts=("probe.vault.svc",),
                issuer_ready=self.issuer,
                issuer=VAULT_ISSUER,
            ),
            child,
        ).resource
        self.proven = passed(f"{name}-signs", signed)
        self.register_outputs({})


def _may_make_tokens(name: str, account: k8s.core.v1.ServiceAccount, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    metadata: Any = {"name": _ACCOUNT, "namespace": account.metadata.namespace}
    role = k8s.rbac.v1.Role(
        f"{name}-token-role",
        metadata=metadata,
        rules=[
            {
                "api_groups": [""],
                "resources": ["serviceaccounts/token"],
                "resource_names": [account.metadata.name],
                "verbs": ["create"],
            }
        ],
        opts=opts,
    )
    return k8s.rbac.v1.RoleBinding(
        f"{name}-token-binding",
        metadata=metadata,
        role_ref=role_reference("Role", role.metadata.name),
        subjects=[account_subject(_CONTROLLER, account.metadata.namespace)],
        opts=opts,
    )


def _spec(args: VaultCertificateIssuerArgs, role: pulumi.Output[str], account: pulumi.Output[str]) -> dict[str, Any]:
    return {
        "server": VAULT_IN_CLUSTER,
        "path": args.sign_path,
        "caBundle": args.ca_certificate.apply(lambda pem: base64.b64encode(pem.encode()).decode()),
        "auth": {
            "kubernetes": {
                "mountPath": args.kubernetes_path.apply(lambda path: f"/v1/auth/{path}"),
                "role": role,
                "serviceAccountRef": {"name": account},
            }
        },
    }
