"""Which charts a stack file asks for, and which registries their images and the program's own come from."""

from components.gitea.settings import GiteaSettings
from lib import images
from lib.charts import REGISTRIES, TABLE
from settings.model import Settings

_NODES = frozenset({"ghcr.io", "registry.k8s.io"})
"""Of Talos itself: kubelet, control plane, etcd and pause (pkg/machinery/constants and pkg/images, v1.13.7)."""

_OF_MACHINES = frozenset({"cilium", "proxmox-csi-plugin"})
_OF_SERVICES = {"gitea": "gitea", "harbor": "harbor", "matrix-stack": "matrix"}
"""Chart -> service."""


def needed(settings: Settings) -> tuple[str, ...]:
    """Names of the charts that are installed, in the order of the table."""
    return tuple(name for name in TABLE if _is_needed(name, settings))


def registries(settings: Settings) -> frozenset[str]:
    """Registries of every image that the cluster runs until the platform is up, by the name in its reference."""
    found = {images.registry(images.PYTHON)} | {one for name in needed(settings) for one in REGISTRIES[name]}
    if settings.talos is not None:
        found |= _NODES
    gitea = settings.section(GiteaSettings)
    if gitea.enabled and gitea.actions.enabled:
        found |= {images.registry(images.GITEA_RUNNER), images.registry(gitea.actions.image)}
    return frozenset(found)


def _is_needed(name: str, settings: Settings) -> bool:
    if name in _OF_MACHINES:
        return settings.talos is not None
    if name == "flux-operator":
        return settings.gitops.enabled
    service = _OF_SERVICES.get(name)
    return service is None or service in settings.enabled_services
