"""A gate that waits for conditions of objects which no resource of this program creates."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.script_job import ScriptJob, ScriptJobArgs
from lib.kubernetes import account_subject, role_reference
from lib.names import SystemNamespace
from lib.pod_scripts import script


@dataclass(frozen=True)
class Watched:
    """An object and the condition it must reach. `group` is empty for the core API, `namespace` where there is none."""

    group: str
    version: str
    resource: str
    name: str
    condition: str
    namespace: str = ""

    @property
    def path(self) -> str:
        """Path of the object in the API."""
        root = f"apis/{self.group}" if self.group else "api"
        place = f"namespaces/{self.namespace}/" if self.namespace else ""
        return f"/{root}/{self.version}/{place}{self.resource}/{self.name}"


def node(name: str) -> Watched:
    """A node that is Ready."""
    return Watched("", "v1", "nodes", name, "Ready")


def definition(name: str) -> Watched:
    """A CustomResourceDefinition, `<plural>.<group>`, whose objects can be created."""
    return Watched("apiextensions.k8s.io", "v1", "customresourcedefinitions", name, "Established")


def deployment(namespace: str, name: str) -> Watched:
    """A Deployment that has as many pods as it must."""
    return Watched("apps", "v1", "deployments", name, "Available", namespace)


def balanced(namespace: str, service: str, address: IPv4Address) -> Watched:
    """A Service that its load balancer serves at this address, among others or alone."""
    return Watched("", "v1", "services", service, f"address:{address}", namespace)


@dataclass(frozen=True, kw_only=True)
class ConditionsArgs:
    """What is waited for.

    Attributes:
        after: What brings these objects about.
        proves, runbook: As in ScriptJobArgs.
        seconds: How long the gate may take.
    """

    objects: Sequence[Watched]
    after: Sequence[pulumi.Resource]
    proves: Sequence[pulumi.Input[str]]
    runbook: str
    seconds: int = 660


class Conditions(pulumi.ComponentResource):
    """Creates in kube-system:

    - `<name>-account`, `<name>-role`, `<name>-binding`: permission to get these objects by name and nothing else.
    - `<name>`: a ScriptJob that succeeds once each has reached its condition.

    Attributes:
        gate: The Job.
    """

    gate: k8s.batch.v1.Job

    def __init__(self, name: str, args: ConditionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/conditions:Conditions", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata={"name": name, "namespace": SystemNamespace.KUBE_SYSTEM}, opts=child
        )
        role = k8s.rbac.v1.ClusterRole(f"{name}-role", metadata={"name": name}, rules=_rules(args.objects), opts=child)
        binding = k8s.rbac.v1.ClusterRoleBinding(
            f"{name}-binding",
            metadata={"name": name},
            role_ref=role_reference("ClusterRole", role.metadata.name),
            subjects=[account_subject(account.metadata.name, account.metadata.namespace)],
            opts=child,
        )
        self.gate = ScriptJob(
            name,
            ScriptJobArgs(
                namespace=SystemNamespace.KUBE_SYSTEM,
                source=script("conditions"),
                runbook=args.runbook,
                environment={"OBJECTS": ",".join(f"{one.path}={one.condition}" for one in args.objects)},
                service_account=account.metadata.name,
                after=[binding, *args.after],
                proves=args.proves,
                seconds=args.seconds,
            ),
            child,
        ).job
        self.register_outputs({})


def _rules(objects: Sequence[Watched]) -> Any:
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in objects:
        named[one.group, one.resource].append(one.name)
    return [
        {"apiGroups": [group], "resources": [resource], "resourceNames": sorted(names), "verbs": ["get"]}
        for (group, resource), names in sorted(named.items())
    ]
