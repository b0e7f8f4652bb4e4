"""Traefik: every HTTPS host of the platform comes in here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.custom_resource import CustomResourceArgs, custom_resource
from components.helm import ReleaseArgs, release
from components.kubernetes.values.traefik import (
    EDGE_PORT,
    HTTP_PORT,
    HTTPS_PORT,
    METRICS_PORT,
    EdgeEntry,
    TraefikValues,
    unpublished,
    values,
)
from components.namespace import Namespace, NamespaceArgs
from lib import names
from lib.charts import Chart
from lib.kubernetes import TRAEFIK_API, PodSecurity


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
    - `<name>-unpublished`: IngressRoute that keeps edge servers from hosts that are not published, if there are any.

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
                among_themselves=False,
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
        self.ready = (installed, *self._hidden(name, args.edge, namespace, installed))
        self.register_outputs({})

    def _hidden(
        self, name: str, edge: EdgeEntry | None, namespace: Namespace, installed: pulumi.Resource
    ) -> Sequence[pulumi.Resource]:
        if edge is None or not edge.unpublished:
            return ()
        args = CustomResourceArgs(
            api_version=TRAEFIK_API,
            kind="IngressRoute",
            name="unpublished",
            namespace=namespace.namespace,
            spec=unpublished(edge.unpublished),
            wait_for=None,
        )
        # The release brings the kind.
        opts = pulumi.ResourceOptions(parent=self, depends_on=[installed])
        return (custom_resource(f"{name}-unpublished", args, opts),)
