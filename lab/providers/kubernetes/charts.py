"""What each chart brings into a cluster, as far as anything else relies on it.

Definitions are those in the charts of the versions the program pins; names of Services and ServiceAccounts follow the
charts' templates. `{fullname}` is Helm's usual name: the release's when it contains the chart's, else both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Names = tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Custom resources of one API group: version -> kinds; `cluster` names those without namespace."""

    name: str
    kinds: Mapping[str, Names]
    cluster: Names = ()


@dataclass(frozen=True, kw_only=True)
class ChartFacts:
    """One chart.

    Attributes:
        repositories: Where it is published.
        groups: Custom resource definitions it installs (or its operator registers).
        switch: Path of the value that must be true for the definitions to be installed; empty when they always are.
        keeps: Whether the definitions outlive the release (Helm never deletes those of a chart's `crds` directory), or
            the path of the value that says so, which is true by default.
        annotations: Path of the value with annotations of the definitions, one of which can have Helm keep them.
        webhook: Whether an admission webhook of the chart must answer before its custom resources are accepted.
        services: Services, named by template.
        accounts: ServiceAccounts, named by template.
    """

    repositories: Names
    groups: tuple[Group, ...] = ()
    switch: str = ""
    keeps: bool | str = False
    annotations: str = ""
    webhook: bool = False
    services: Names = ()
    accounts: Names = ("{fullname}",)


_CNPG: Final = Group(
    "postgresql.cnpg.io",
    {
        "v1": (
            *("Backup", "ClusterImageCatalog", "Cluster", "DatabaseRole", "Database", "FailoverQuorum"),
            *("ImageCatalog", "Pooler", "Publication", "ScheduledBackup", "Subscription"),
        )
    },
    cluster=("ClusterImageCatalog",),
)
_BARMAN: Final = Group("barmancloud.cnpg.io", {"v1": ("ObjectStore",)})
_ESO: Final = (
    Group(
        "external-secrets.io",
        {
            "v1": ("ClusterExternalSecret", "ClusterSecretStore", "ExternalSecret", "SecretStore"),
            "v1alpha1": ("ClusterPushSecret", "PushSecret"),
        },
        cluster=("ClusterExternalSecret", "ClusterPushSecret", "ClusterSecretStore"),
    ),
    Group(
        "generators.external-secrets.io", {"v1alpha1": ("ClusterGenerator", "Password", "UUID", "VaultDynamicSecret")}
    ),
)
_CERT_MANAGER: Final = (
    Group(
        "cert-manager.io",
        {"v1": ("Certificate", "CertificateRequest", "ClusterIssuer", "Issuer")},
        cluster=("ClusterIssuer",),
    ),
    Group("acme.cert-manager.io", {"v1": ("Challenge", "Order")}),
)
_CILIUM: Final = Group(
    "cilium.io",
    {
        "v2": (
            *("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumLoadBalancerIPPool", "CiliumEndpoint"),
            *("CiliumIdentity", "CiliumNode", "CiliumCIDRGroup", "CiliumBGPClusterConfig", "CiliumBGPPeerConfig"),
        ),
        "v2alpha1": ("CiliumL2AnnouncementPolicy", "CiliumPodIPPool", "CiliumLoadBalancerIPPool"),
    },
    cluster=(
        *("CiliumClusterwideNetworkPolicy", "CiliumLoadBalancerIPPool", "CiliumIdentity", "CiliumNode"),
        *("CiliumCIDRGroup", "CiliumL2AnnouncementPolicy", "CiliumPodIPPool", "CiliumBGPClusterConfig"),
        "CiliumBGPPeerConfig",
    ),
)
_TRAEFIK: Final = Group(
    "traefik.io",
    {
        "v1alpha1": (
            *("IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "Middleware", "MiddlewareTCP"),
            *("ServersTransport", "ServersTransportTCP", "TLSOption", "TLSStore", "TraefikService"),
        )
    },
)
_FLUX: Final = Group(
    "fluxcd.controlplane.io",
    {"v1": ("FluxInstance", "FluxReport", "ResourceSet", "ResourceSetInputProvider")},
)
_PROMETHEUS: Final = Group(
    "monitoring.coreos.com",
    {
        "v1": ("Alertmanager", "PodMonitor", "Probe", "Prometheus", "PrometheusRule", "ServiceMonitor", "ThanosRuler"),
        "v1alpha1": ("AlertmanagerConfig", "PrometheusAgent", "ScrapeConfig"),
    },
)

CHARTS: Final[Mapping[str, ChartFacts]] = {
    "cilium": ChartFacts(
        repositories=("https://helm.cilium.io", "oci://quay.io/cilium/charts"),
        groups=(_CILIUM,),
        keeps=True,
        services=("hubble-peer",),
        accounts=("cilium", "cilium-operator"),
    ),
    "cert-manager": ChartFacts(
        repositories=("oci://quay.io/jetstack/charts", "https://charts.jetstack.io"),
        groups=_CERT_MANAGER,
        switch="crds.enabled",
        keeps="crds.keep",
        webhook=True,
        services=("{fullname}", "{fullname}-webhook", "{fullname}-cainjector"),
        accounts=("{fullname}", "{fullname}-webhook", "{fullname}-cainjector"),
    ),
    "traefik": ChartFacts(
        repositories=("https://traefik.github.io/charts", "oci://ghcr.io/traefik/helm"),
        groups=(_TRAEFIK,),
        keeps=True,
        services=("{fullname}",),
    ),
    "proxmox-csi-plugin": ChartFacts(
        repositories=("oci://ghcr.io/sergelogvinov/charts",),
        accounts=("{fullname}-controller", "{fullname}-node"),
    ),
    "reflector": ChartFacts(
        repositories=("oci://ghcr.io/emberstack/helm-charts", "https://emberstack.github.io/helm-charts")
    ),
    "reloader": ChartFacts(
        # Its template joins release and chart even where they are the same.
        repositories=("https://stakater.github.io/stakater-charts",),
        accounts=("{release}-reloader",),
    ),
    "vault": ChartFacts(
        repositories=("https://helm.releases.hashicorp.com",), services=("{fullname}", "{fullname}-internal")
    ),
    "external-secrets": ChartFacts(
        repositories=("https://charts.external-secrets.io",),
        groups=_ESO,
        switch="installCRDs",
        annotations="crds.annotations",
        webhook=True,
        services=("{fullname}-webhook",),
        accounts=("{fullname}", "{fullname}-webhook", "external-secrets-cert-controller"),
    ),
    "plugin-barman-cloud": ChartFacts(
        repositories=("https://cloudnative-pg.github.io/charts",),
        groups=(_BARMAN,),
        switch="crds.create",
        keeps=True,
        services=("barman-cloud",),
    ),
    "cloudnative-pg": ChartFacts(
        repositories=("https://cloudnative-pg.github.io/charts",),
        groups=(_CNPG,),
        switch="crds.create",
        keeps=True,
        webhook=True,
        services=("cnpg-webhook-service",),
    ),
    "valkey": ChartFacts(repositories=("https://valkey.io/valkey-helm",), services=("{fullname}",)),
    "authentik": ChartFacts(
        repositories=("https://charts.goauthentik.io",), services=("{fullname}-server",), accounts=("{fullname}",)
    ),
    "gitea": ChartFacts(
        repositories=("https://dl.gitea.com/charts", "oci://docker.gitea.com/charts"),
        services=("{fullname}-http", "{fullname}-ssh"),
    ),
    "harbor": ChartFacts(
        repositories=("https://helm.goharbor.io",),
        services=("{fullname}-core", "{fullname}-portal", "{fullname}-registry", "{fullname}-jobservice"),
        accounts=(),
    ),
    "matrix-stack": ChartFacts(
        repositories=("oci://ghcr.io/element-hq/ess-helm",),
        services=("{release}-synapse", "{release}-matrix-authentication-service", "{release}-element-web"),
        accounts=("{release}-synapse", "{release}-matrix-authentication-service", "{release}-element-web"),
    ),
    "external-dns": ChartFacts(
        repositories=("https://kubernetes-sigs.github.io/external-dns",),
        groups=(Group("externaldns.k8s.io", {"v1alpha1": ("DNSEndpoint",)}),),
        keeps=True,
        services=("{fullname}",),
    ),
    "prometheus-operator-crds": ChartFacts(
        repositories=(
            "oci://ghcr.io/prometheus-community/charts",
            "https://prometheus-community.github.io/helm-charts",
        ),
        groups=(_PROMETHEUS,),
        annotations="crds.annotations",
        accounts=(),
    ),
    # Of examples/chains.
    "seaweedfs": ChartFacts(
        repositories=("https://seaweedfs.github.io/seaweedfs/helm",),
        services=("{fullname}-all-in-one",),
        accounts=("seaweedfs",),
    ),
    "grafana": ChartFacts(repositories=("https://grafana-community.github.io/helm-charts",), services=("{fullname}",)),
    "victoria-logs-single": ChartFacts(
        repositories=("https://victoriametrics.github.io/helm-charts",), services=("{fullname}",), accounts=()
    ),
    "victoria-logs-collector": ChartFacts(repositories=("https://victoriametrics.github.io/helm-charts",)),
    "jupyterhub": ChartFacts(
        repositories=("https://hub.jupyter.org/helm-chart",),
        services=("hub", "proxy-api", "proxy-public"),
        accounts=("hub",),
    ),
    "mlflow": ChartFacts(repositories=("https://community-charts.github.io/helm-charts",), services=("{fullname}",)),
    "kube-prometheus-stack": ChartFacts(
        repositories=(
            "oci://ghcr.io/prometheus-community/charts",
            "https://prometheus-community.github.io/helm-charts",
        ),
        # The last two are the operator's.
        services=("{fullname}-prometheus", "{fullname}-alertmanager", "prometheus-operated", "alertmanager-operated"),
        accounts=("{fullname}-operator", "{fullname}-prometheus", "{fullname}-alertmanager"),
    ),
    "flux-operator": ChartFacts(
        repositories=("oci://ghcr.io/controlplaneio-fluxcd/charts",),
        groups=(_FLUX,),
        keeps=True,
        services=("{fullname}",),
    ),
}


UNKNOWN: Final = ChartFacts(repositories=(), accounts=())
"""Of a chart that only the stack file knows: the lab takes its word that it is published, and that its workloads run
once everything that the values name is there. Nothing of what it makes is simulated.
"""


def facts_of(chart: str) -> ChartFacts:
    """What is known of a chart."""
    return CHARTS.get(chart, UNKNOWN)


def full_name(chart: str, release: str, values: Mapping[str, Any]) -> str:
    """Helm's usual full name of a release's objects, with the overrides every chart of the table knows."""
    override = values.get("fullnameOverride")
    if override:
        return str(override)
    name = values.get("nameOverride") or chart
    return release if name in release else f"{release}-{name}"
