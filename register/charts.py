"""Which charts a stack file asks for."""

from lib.charts import TABLE
from settings.model import Settings

_OF_MACHINES = frozenset({"cilium", "proxmox-csi-plugin"})
_OF_SERVICES = {"gitea": "gitea", "harbor": "harbor", "matrix-stack": "matrix"}
"""Chart -> service."""


def needed(settings: Settings) -> tuple[str, ...]:
    """Names of the charts that are installed, in the order of the table."""
    return tuple(name for name in TABLE if _is_needed(name, settings))


def _is_needed(name: str, settings: Settings) -> bool:
    if name in _OF_MACHINES:
        return settings.talos is not None
    if name == "flux-operator":
        return settings.gitops.enabled
    service = _OF_SERVICES.get(name)
    return service is None or service in settings.enabled_services
