"""Certificates of an earlier cluster, put back before anything is ordered."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.namespace import Namespace
from components.script_job import ScriptJob, ScriptJobArgs
from lib.pod_scripts import script

_FILE, _MOUNT = "secrets.json", "/kept"


@dataclass(frozen=True, kw_only=True)
class KeptCertificatesArgs:
    """What was kept.

    Attributes:
        namespace: That of cert-manager.
        kept: The Secrets, as `make up` writes them, secret.
    """

    namespace: Namespace
    kept: pulumi.Input[str]


class KeptCertificates(pulumi.ComponentResource):
    """Creates:

    - `<name>`: Secret with all that was kept.
    - `<name>-account`, `<name>-role`, `<name>-binding`: who may make Secrets in cert-manager's namespace.
    - `<name>-put-back`: Job that makes each Secret which is not there; from then on it is cert-manager's.

    cert-manager takes a Secret for its own whose annotations name the issuer of the Certificate, and orders nothing
    while that holds a certificate which is valid for its hosts (internal/controller/certificates/policies, the chain of
    triggers).

    Attributes:
        ready: Gate: every Secret is there.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: KeptCertificatesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:acme/kept:KeptCertificates", name, None, opts)
        child, namespace = pulumi.ResourceOptions(parent=self), args.namespace
        secret = k8s.core.v1.Secret(
            name,
            metadata={"name": name, "namespace": namespace.namespace},
            string_data={_FILE: args.kept},
            opts=child,
        )
        self.ready = ScriptJob(
            f"{name}-put-back",
            ScriptJobArgs(
                namespace=namespace.namespace,
                source=script("kept_certificates"),
                runbook="certificates.md#kept-certificates-are-not-put-back",
                environment={"KEPT_FILE": f"{_MOUNT}/{_FILE}", "NAMESPACE": namespace.literal},
                volumes=[
                    (
                        {"name": "kept", "secret": {"secretName": secret.metadata.name}},
                        {"name": "kept", "mountPath": _MOUNT, "readOnly": True},
                    )
                ],
                service_account=_account(name, namespace, child),
                seconds=300,
            ),
            child,
        ).job
        self.register_outputs({})


def _account(name: str, namespace: Namespace, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Name of a ServiceAccount that may make Secrets, and neither read nor change any."""
    account = k8s.core.v1.ServiceAccount(
        f"{name}-account",
        metadata={"name": name, "namespace": namespace.namespace},
        automount_service_account_token=False,
        opts=opts,
    )
    role = k8s.rbac.v1.Role(
        f"{name}-role",
        metadata={"name": name, "namespace": namespace.namespace},
        rules=[{"api_groups": [""], "resources": ["secrets"], "verbs": ["create"]}],
        opts=opts,
    )
    binding = k8s.rbac.v1.RoleBinding(
        f"{name}-binding",
        metadata={"name": name, "namespace": namespace.namespace},
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata.name},
        subjects=[{"kind": "ServiceAccount", "name": account.metadata.name, "namespace": namespace.namespace}],
        opts=opts,
    )
    return binding.metadata.name  # that of the account, once it may
