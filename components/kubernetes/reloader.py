"""Reloader: restarts workloads when a Secret or ConfigMap that they use changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi

from components.helm import ReleaseArgs, release
from components.kubernetes.values.reloader import METRICS_PORT, values
from components.namespace import Namespace, NamespaceArgs
from lib import names
from lib.charts import Chart
from lib.kubernetes import PodSecurity


@dataclass(frozen=True, kw_only=True)
class ReloaderArgs:
    """The chart, and a network for its pods in `after`."""

    chart: Chart
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class Reloader(pulumi.ComponentResource):
    """Creates `<name>-namespace` (Namespace `reloader`, which nobody calls) and `<name>-release` (the chart, awaited).

    Attributes:
        ready: Workloads with its annotation follow their Secrets.
    """

    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: ReloaderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/reloader:Reloader", name, None, opts)
        namespace = Namespace(
            f"{name}-namespace",
            NamespaceArgs(
                name=names.SystemNamespace.RELOADER,
                pod_security=PodSecurity.RESTRICTED,
                metrics_ports=(METRICS_PORT,),
                among_themselves=False,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        installed = release(
            f"{name}-release",
            ReleaseArgs(chart=args.chart, release="reloader", namespace=namespace.namespace, values=values()),
            pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.ready = (installed,)
        self.register_outputs({})
