"""cert-manager, and the issuer of every certificate of the platform."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import pulumi
import pulumi_kubernetes as k8s

from components.barrier import passed
from components.certificate_authority import CertificateAuthority
from components.custom_resource import CustomResourceArgs, custom_resource
from components.helm import ReleaseArgs, release
from components.kubernetes.values.cert_manager import METRICS_PORT, values
from components.namespace import Namespace, NamespaceArgs
from lib import names
from lib.charts import Chart
from lib.kubernetes import CERT_MANAGER_API, PodSecurity

_WEBHOOK_PORT = 10250


@dataclass(frozen=True, kw_only=True)
class CertManagerArgs:
    """The CA in whose name certificates are issued.

    Attributes:
        replicas: How many pods of the webhook.
        resolvers: DNS servers by which challenges of Let's Encrypt are checked; none where it signs nothing.
        after: A network and DNS for pods.
    """

    chart: Chart
    authority: CertificateAuthority
    replicas: int = 2
    resolvers: Sequence[IPv4Address] = field(default_factory=tuple)
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class CertManager(pulumi.ComponentResource):
    """Creates:

    - `<name>-namespace`: Namespace `cert-manager`.
    - `<name>-release`: the chart with its definitions, awaited with its hook Job, which proves that the webhook serves.
    - `<name>-ca`: Secret with key and chain of the issuing CA; the root's key never enters the cluster.
    - `<name>-issuer`: ClusterIssuer `internal-ca`, awaited until it has loaded that Secret.
    - `<name>-signs`: stands for it.

    Attributes:
        namespace: Its namespace, where it looks for the Secrets of ClusterIssuers.
        issuer: Gate: the ClusterIssuer is ready.
        ready: The same, as the gate of this component.
    """

    namespace: Namespace
    issuer: pulumi.Resource
    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/cert_manager:CertManager", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.namespace = Namespace(
            f"{name}-namespace",
            NamespaceArgs(
                name=names.SystemNamespace.CERT_MANAGER,
                pod_security=PodSecurity.RESTRICTED,
                open_ports=(_WEBHOOK_PORT,),
                metrics_ports=(METRICS_PORT,),
                among_themselves=False,
            ),
            child,
        )
        namespace = self.namespace.namespace
        installed = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart,
                release="cert-manager",
                namespace=namespace,
                values=values(args.replicas, args.resolvers),
            ),
            pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        issuing = k8s.core.v1.Secret(
            f"{name}-ca",
            metadata={"name": names.CLUSTER_ISSUER, "namespace": namespace},
            type="kubernetes.io/tls",
            string_data={
                # Issuing CA first, root last: cert-manager hands the root on as `ca.crt` (its docs, CA issuer).
                "tls.crt": args.authority.issuing_chain_pem,
                "tls.key": args.authority.issuing_key_pem,
            },
            opts=child,
        )
        issuer = custom_resource(
            f"{name}-issuer",
            _issuer(issuing.metadata.name),
            # The release brings the kind and the webhook that checks it.
            pulumi.ResourceOptions(parent=self, depends_on=[installed]),
        )
        self.issuer = passed(f"{name}-signs", issuer)
        self.ready = (self.issuer,)
        self.register_outputs({})


def _issuer(secret_name: pulumi.Input[str]) -> CustomResourceArgs:
    return CustomResourceArgs(
        api_version=CERT_MANAGER_API,
        kind="ClusterIssuer",
        name=names.CLUSTER_ISSUER,
        spec={"ca": {"secretName": secret_name}},
        seconds=300,
    )
