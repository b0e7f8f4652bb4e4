"""Reflector: copies Secrets and ConfigMaps to namespaces that their annotations name."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi

from components.helm import ReleaseArgs, release
from components.kubernetes.values.reflector import values
from components.namespace import Namespace, NamespaceArgs
from lib import names
from lib.charts import Chart
from lib.kubernetes import PodSecurity


@dataclass(frozen=True, kw_only=True)
class ReflectorArgs:
    """The chart, and a network for its pods in `after`."""

    chart: Chart
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class Reflector(pulumi.ComponentResource):
    """Creates `<name>-namespace` (Namespace `reflector`, which nobody calls) and `<name>-release` (the chart, awaited).

    Attributes:
        ready: Copies are made.
    """

    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: ReflectorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/reflector:Reflector", name, None, opts)
        namespace = Namespace(
            f"{name}-namespace",
            NamespaceArgs(
                name=names.SystemNamespace.REFLECTOR, pod_security=PodSecurity.RESTRICTED, among_themselves=False
            ),
            pulumi.ResourceOptions(parent=self),
        )
        installed = release(
            f"{name}-release",
            ReleaseArgs(chart=args.chart, release="reflector", namespace=namespace.namespace, values=values()),
            pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.ready = (installed,)
        self.register_outputs({})
