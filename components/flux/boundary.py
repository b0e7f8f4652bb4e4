"""What Flux may not touch: the API server refuses it (docs/adr/0046-flux-writes-nothing-of-the-platform.md)."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from lib.names import SystemNamespace

_NAME = "flux-leaves-the-platform"
_WRITERS = ("kustomize-controller", "helm-controller")
"""Accounts that apply and delete what lies in the repository."""


@dataclass(frozen=True, kw_only=True)
class BoundaryArgs:
    """Namespaces in which nobody but this program puts anything."""

    namespaces: Collection[str]


class Boundary(pulumi.ComponentResource):
    """Creates `<name>`, a ValidatingAdmissionPolicy, and `<name>-binding`, which makes it hold.

    It refuses what two controllers of Flux want to create, change or delete in a namespace of the platform, such a
    namespace itself, and any object that this program applied, wherever it is. Pulumi's provider signs what it applies
    as `pulumi-kubernetes-<random>` (fieldManagerName in provider/pkg/provider/provider.go) and Helm inside it as
    `pulumi-resource-kubernetes` (getManagedFieldsManager in helm, pkg/kube/client.go).

    It is a guard against a commit that goes too far, not against whoever means harm: a Kustomization may name another
    account, and policies are the one kind that none can protect.

    Attributes:
        holds: The binding: with it, the server begins to refuse.
    """

    holds: pulumi.Resource

    def __init__(self, name: str, args: BoundaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:flux/boundary:Boundary", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        everything: Any = {"api_groups": ["*"], "api_versions": ["*"], "resources": ["*"], "operations": _CHANGES}
        spec: Any = {
            "failure_policy": "Fail",
            "match_constraints": {"resource_rules": [everything]},
            "match_conditions": [{"name": "flux", "expression": f"request.userInfo.username in {_accounts()}"}],
            "variables": [{"name": "platform", "expression": json.dumps(sorted(args.namespaces))}],
            "validations": [{"expression": one, "message_expression": _SAYS} for one in (_PLACE, _OWNER)],
        }
        policy = k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
            name,
            metadata={"name": _NAME},
            spec=spec,
            opts=child,
        )
        self.holds = k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            f"{name}-binding",
            metadata={"name": _NAME},
            spec={"policy_name": policy.metadata.name, "validation_actions": ["Deny"]},
            opts=child,
        )
        self.register_outputs({})


_CHANGES = ["CREATE", "UPDATE", "DELETE"]
# Of a Namespace it is the name, also when it is made.
_PLACE = "!(request.namespace in variables.platform)"
_OWNER = (
    "oldObject == null || !has(oldObject.metadata.managedFields) || "
    '!oldObject.metadata.managedFields.exists(field, field.manager.startsWith("pulumi-"))'
)
_SAYS = (
    '"home-cluster brings up " + request.resource.resource + " " + request.name + '
    '(request.namespace in ["", request.name] ? "" : " in " + request.namespace) + '
    '", so take it out of what Flux applies"'
)


def _accounts() -> str:
    return json.dumps([f"system:serviceaccount:{SystemNamespace.FLUX}:{writer}" for writer in _WRITERS])
