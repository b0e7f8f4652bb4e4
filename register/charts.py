"""Which charts a stack file asks for, and which registries their images and the program's own come from."""

from lib import images
from lib.charts import REGISTRIES, TABLE
from register.services import SERVICES
from settings.model import Settings

_NODES = frozenset({"ghcr.io", "registry.k8s.io"})
"""Of Talos itself: kubelet, control plane, etcd and pause (pkg/machinery/constants and pkg/images, v1.13.7)."""

_OF_MACHINES = frozenset({"cilium", "proxmox-csi-plugin"})
_OF_MONITORING = frozenset({"prometheus-operator-crds", "kube-prometheus-stack"})


def needed(settings: Settings) -> tuple[str, ...]:
    """Names of the charts that are installed, in the order of the table."""
    return tuple(name for name in TABLE if _is_needed(name, settings))


def registries(settings: Settings) -> frozenset[str]:
    """Registries of every image that the cluster runs until the platform is up, by the name in its reference."""
    services = (service for service in SERVICES if service.enabled(settings))
    own = (
        images.PYTHON,
        *([images.POWERDNS] * settings.dns.enabled),
        *([images.RCLONE] * (settings.backup is not None)),
        *(image for service in services for image in service.images(settings)),
    )
    found = {*map(images.registry, own), *(one for name in needed(settings) for one in REGISTRIES[name])}
    return frozenset(found | _NODES if settings.talos is not None else found)


def _is_needed(name: str, settings: Settings) -> bool:
    if name in _OF_MACHINES:
        return settings.talos is not None
    if name == "flux-operator":
        return settings.gitops.enabled
    if name in _OF_MONITORING:
        return settings.monitoring.enabled
    if name == "plugin-barman-cloud":
        return settings.backup is not None
    if name == "external-dns":
        return settings.dns.enabled
    return all(service.enabled(settings) for service in SERVICES if service.chart == name)
