"""Traefik: every HTTPS host of the platform comes in here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.helm import ReleaseArgs, release
from components.kubernetes.values.traefik import (
    EDGE_PORT,
    HTTP_PORT,
    HTTPS_PORT,
    METRICS_PORT,
    EdgeEntry,
    TraefikValues,
    values,
)
from components.namespace import Namespace, NamespaceArgs
from lib import names
from lib.charts import Chart
from lib.kubernetes import PodSecurity


@dataclass(frozen=True, kw_only=True)
class TraefikArgs:
    """Where Traefik listens.

    Attributes:
        annotations: Of its Service: how it asks for the address of the stack file.
        replicas: How many pods of it.
        edge: Where edge servers come in; None without any.
        after: A network for pods, and something that gives Services of type LoadBalancer their address.
    """

    chart: Chart
    annotations: Mapping[str, str]
    replicas: int = 2
    edge: EdgeEntry | None = None
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class Traefik(pulumi.ComponentResource):
    """Creates:

    - `<name>-namespace`: Namespace `traefik`, open on the ports of HTTP and HTTPS, and of edge servers.
    - `<name>-release`: the chart with its definitions, awaited until the Service has its address.

    Attributes:
        digest: Fingerprint of the release, for gates that ask by a public host.
        ready: Ingresses are served.
    """

    digest: pulumi.Output[str]
    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: TraefikArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/traefik:Traefik", name, None, opts)
        namespace = Namespace(
            f"{name}-namespace",
            NamespaceArgs(
                name=names.SystemNamespace.TRAEFIK,
                pod_security=PodSecurity.RESTRICTED,
                open_ports=(HTTP_PORT, HTTPS_PORT, *((EDGE_PORT,) if args.edge is not None else ())),
                metrics_ports=(METRICS_PORT,),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        installed = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart,
                release="traefik",
                namespace=namespace.namespace,
                values=values(TraefikValues(annotations=args.annotations, replicas=args.replicas, edge=args.edge)),
            ),
            pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.digest = installed.digest
        self.ready = (installed,)
        self.register_outputs({})
