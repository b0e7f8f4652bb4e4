"""A namespace of a chain: what it may use is bounded, since nobody knows what the charts in it ask for."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.namespace import Namespace, NamespaceArgs
from lib.kubernetes import PodSecurity
from settings.chains import CONTAINER_ASKS
from settings.chains import ChainNamespace as Declared

_CPU = "10m"
"""What a container asks for that does not say it; for memory see CONTAINER_ASKS."""


@dataclass(frozen=True, kw_only=True)
class ChainNamespaceArgs:
    """The namespace as the stack file has it.

    Attributes:
        ca_certificate: PEM of all roots that certificates of the platform lead to.
    """

    name: str
    declared: Declared
    ca_certificate: pulumi.Input[str]


class ChainNamespace(pulumi.ComponentResource):
    """Creates:

    - `<name>-namespace`: Namespace, shut but for what is let in, with the CA bundle.
    - `<name>-quota`: ResourceQuota `chain`: memory that its pods may ask for together.
    - `<name>-limits`: LimitRange `chain`: what a container gets that says nothing of memory.

    Attributes:
        namespace: The Namespace.
        ready: What must be there before the first pod.
    """

    namespace: Namespace
    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: ChainNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:chain/namespace:ChainNamespace", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        declared = args.declared
        self.namespace = Namespace(
            f"{name}-namespace",
            NamespaceArgs(
                name=args.name,
                pod_security=PodSecurity(declared.pod_security),
                ca_certificate=args.ca_certificate,
                from_namespaces=declared.allow_from,
                open_ports=declared.open_ports,
                metrics_ports=declared.metrics_ports,
            ),
            child,
        )
        metadata: Any = {"name": "chain", "namespace": self.namespace.namespace}
        quota = k8s.core.v1.ResourceQuota(
            f"{name}-quota", metadata=metadata, spec={"hard": {"requests.memory": declared.memory}}, opts=child
        )
        bounds: Any = {
            "type": "Container",
            "defaultRequest": {"cpu": _CPU, "memory": CONTAINER_ASKS},
            "default": {"memory": declared.container_memory},
        }
        limits = k8s.core.v1.LimitRange(f"{name}-limits", metadata=metadata, spec={"limits": [bounds]}, opts=child)
        self.ready = (quota, limits)
        self.register_outputs({})
