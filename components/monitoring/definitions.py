"""Kinds of the Prometheus operator, before anything is made of them."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.helm import ReleaseArgs, release
from lib.charts import Chart
from lib.kubernetes import KEEP


@dataclass(frozen=True, kw_only=True)
class DefinitionsArgs:
    """The chart `prometheus-operator-crds`, which has them and nothing else."""

    chart: Chart
    namespace: pulumi.Input[str]


class Definitions(pulumi.ComponentResource):
    """Creates `<name>-release`. It runs nothing, so the API of the cluster is all that it needs; Helm awaits that the
    kinds are served (crdReady in its pkg/kube/ready.go).

    Attributes:
        ready: The kinds are served.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: DefinitionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:monitoring/definitions:Definitions", name, None, opts)
        self.ready = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart, release="prometheus-operator-crds", namespace=args.namespace, values=values()
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def values() -> dict[str, Any]:
    """Values of the chart prometheus-operator-crds 31.0.1. Kept on uninstall: removing the definitions removes every
    Prometheus and every rule, of whoever made them.
    """
    return {"crds": {"annotations": dict(KEEP)}}
