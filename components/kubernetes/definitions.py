"""The gate between an operator and objects of the kinds that it registers itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.probe import Probe, ProbeArgs, script
from lib.names import Namespace

WAIT_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class DefinitionsArgs:
    """What must be served.

    Attributes:
        definitions: Version to be served of each CustomResourceDefinition, as `<plural>.<group>/<version>`.
        after: The release of the operator.
    """

    definitions: Sequence[str]
    after: Sequence[pulumi.Resource]


class Definitions(pulumi.ComponentResource):
    """Creates in kube-system:

    - `<name>-account`, `<name>-role`, `<name>-binding`: permission to get these definitions and nothing else.
    - `<name>`: a Probe that succeeds once the API server serves them.

    A Release that is ready proves nothing about kinds that its operator registers at run time; pulumi-kubernetes
    itself retries a missing kind for about half a minute only.

    Attributes:
        established: The Job; objects of these kinds depend on it.
    """

    established: k8s.batch.v1.Job

    def __init__(self, name: str, args: DefinitionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/definitions:Definitions", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata={"name": name, "namespace": Namespace.KUBE_SYSTEM}, opts=child
        )
        role = k8s.rbac.v1.ClusterRole(
            f"{name}-role", metadata={"name": name}, rules=_rules(args.definitions), opts=child
        )
        binding = k8s.rbac.v1.ClusterRoleBinding(
            f"{name}-binding",
            metadata={"name": name},
            role_ref=_reference(role),
            subjects=_subjects(account),
            opts=child,
        )
        probe = Probe(
            name,
            ProbeArgs(
                namespace=Namespace.KUBE_SYSTEM,
                source=script("custom_resource_definitions"),
                environment={
                    "DEFINITIONS": ",".join(args.definitions),
                    "SECONDS_TO_WAIT": str(WAIT_SECONDS),
                },
                service_account=account.metadata.name,
                after=[binding, *args.after],
                seconds=WAIT_SECONDS + 60,
            ),
            child,
        )
        self.established = probe.job
        self.register_outputs({})


def _rules(definitions: Sequence[str]) -> Any:
    return [
        {
            "apiGroups": ["apiextensions.k8s.io"],
            "resources": ["customresourcedefinitions"],
            "resourceNames": [definition.split("/")[0] for definition in definitions],
            "verbs": ["get"],
        }
    ]


def _reference(role: k8s.rbac.v1.ClusterRole) -> Any:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role.metadata.name}


def _subjects(account: k8s.core.v1.ServiceAccount) -> Any:
    return [{"kind": "ServiceAccount", "name": account.metadata.name, "namespace": account.metadata.namespace}]
