"""Every workload of the platform that serves metrics. What serves none has its reason in
tests/invariants/test_monitoring.py.
"""

from collections.abc import Iterator, Sequence

from components.databases import postgres_spec as postgres
from components.databases import valkey_values as valkey
from components.dns import names as dns
from components.dns import objects as nameserver
from components.flux.values import CONTROLLERS
from components.kubernetes import coredns_objects as coredns
from components.vault.server import SERVER_LABELS, SERVICE
from declarations.monitors import Monitor
from lib.kubernetes import release_labels
from lib.names import POSTGRES_CLUSTER, SystemNamespace
from register.services import SERVICES
from settings.model import Settings


def declared(settings: Settings) -> tuple[Monitor, ...]:
    """Of the platform and of each service that is switched on."""
    enabled = [service for service in SERVICES if service.enabled(settings)]
    return (
        *_everywhere(),
        *(_machines() if settings.talos is not None else ()),
        *_dns(settings),
        *(_flux() if settings.gitops.enabled else ()),
        *(monitor for service in enabled for monitor in service.monitors(settings)),
    )


def _everywhere() -> Sequence[Monitor]:
    at = SystemNamespace
    return (
        # `/v1/sys/metrics` answers while Vault is sealed, too (handleMetricsUnauthenticated in http/handler.go).
        Monitor(
            name="vault",
            namespace=at.VAULT,
            labels=SERVER_LABELS,
            port="metrics",
            path="/v1/sys/metrics",
            parameters={"format": "prometheus"},
            server_name=f"{SERVICE}.{at.VAULT}.svc",
        ),
        *(
            Monitor(
                name=f"external-secrets{part}",
                namespace=at.EXTERNAL_SECRETS,
                labels=release_labels(f"external-secrets{part}", "external-secrets"),
                port="metrics",
                keeps_labels=True,
            )
            for part in ("", "-webhook", "-cert-controller")
        ),
        # Controller, webhook and cainjector.
        Monitor(
            name="cert-manager",
            namespace=at.CERT_MANAGER,
            labels={"app.kubernetes.io/instance": "cert-manager"},
            port="http-metrics",
            keeps_labels=True,
        ),
        Monitor(
            name="cloudnative-pg",
            namespace=at.CLOUDNATIVE_PG,
            labels=release_labels("cloudnative-pg", "cloudnative-pg"),
            port="metrics",
        ),
        # CloudNativePG's own option for one is deprecated (its docs, monitoring).
        Monitor(name=POSTGRES_CLUSTER, namespace=at.DATABASES, labels=postgres.LABELS, port="metrics"),
        Monitor(name="valkey", namespace=at.DATABASES, labels=valkey.LABELS, port="metrics"),
        # Server and worker.
        Monitor(
            name="authentik",
            namespace=at.AUTHENTIK,
            labels=release_labels("authentik", "authentik"),
            port="metrics",
        ),
        # The chart's label of the instance is release and namespace.
        Monitor(name="traefik", namespace=at.TRAEFIK, labels={"app.kubernetes.io/name": "traefik"}, port="metrics"),
        Monitor(name="reloader", namespace=at.RELOADER, labels=release_labels("reloader", "reloader"), port="http"),
    )


def _machines() -> Sequence[Monitor]:
    """What only clusters of this program have from it."""
    system = SystemNamespace.KUBE_SYSTEM
    agent, operator = ({"app.kubernetes.io/name": f"cilium-{part}"} for part in ("agent", "operator"))
    return (
        Monitor(name="cilium-agent", namespace=system, labels=agent, port="prometheus"),
        Monitor(name="hubble", namespace=system, labels=agent, port="hubble-metrics"),
        Monitor(name="cilium-operator", namespace=system, labels=operator, port="prometheus"),
        Monitor(name="coredns", namespace=system, labels=coredns.SELECTOR, port="metrics"),
        Monitor(
            name="proxmox-csi",
            namespace=SystemNamespace.CSI_PROXMOX,
            labels={"app.kubernetes.io/component": "controller"},
            port="metrics",
        ),
    )


def _dns(settings: Settings) -> Iterator[Monitor]:
    for side in settings.dns.sides:
        namespace = dns.NAMESPACES[side]
        # The API on that port asks for a key, metrics do not (pdns/ws-auth.cc).
        yield Monitor(name=dns.SERVICES[side], namespace=namespace, labels=nameserver.LABELS, port="api")
        yield Monitor(
            name=dns.EXTERNAL_DNS[side],
            namespace=namespace,
            labels={"app.kubernetes.io/name": "external-dns"},
            port="http",
        )


def _flux() -> Iterator[Monitor]:
    for controller in CONTROLLERS:
        labels = {"app.kubernetes.io/component": controller}
        yield Monitor(name=controller, namespace=SystemNamespace.FLUX, labels=labels, port="http-prom")
    yield Monitor(
        name="flux-operator",
        namespace=SystemNamespace.FLUX,
        labels=release_labels("flux-operator", "flux-operator"),
        port="http-metrics",
    )
