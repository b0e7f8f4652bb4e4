"""Which namespaces there are, over all services."""

from components.dns.names import NAMESPACES as DNS
from lib.names import SystemNamespace
from register.services import SERVICES
from settings.model import Settings


def platform_namespaces(settings: Settings) -> set[str]:
    """Namespaces that there are once this stack is up."""
    optional = (
        (SystemNamespace.FLUX, settings.gitops.enabled),
        (SystemNamespace.MONITORING, settings.monitoring.enabled),
        (SystemNamespace.BACKUP, settings.backup is not None),
        (SystemNamespace.CSI_PROXMOX, settings.proxmox is not None),
        *((namespace, side in settings.dns.sides) for side, namespace in DNS.items()),
    )
    absent = {namespace for namespace, there in optional if not there}
    services = {name for service in SERVICES if service.enabled(settings) for name in service.namespaces(settings)}
    return (set(map(str, SystemNamespace)) - absent) | services | _shared(settings)


def _shared(settings: Settings) -> set[str]:
    """Namespaces of applications and chains of the stack file: others put things there, too."""
    applications = {name for one in settings.identity.applications.values() for name in one.namespaces}
    return applications | {name for chain in settings.chains.values() for name in chain.namespaces}


def own_namespaces(settings: Settings) -> set[str]:
    """Namespaces in which nobody but this program puts anything; also those of services that left their data behind."""
    # Who writes manifests puts objects for Flux beside Flux, and many a driver or agent has its place in kube-system.
    shared = _shared(settings) | {SystemNamespace.FLUX, SystemNamespace.KUBE_SYSTEM}
    kept = {service.namespace for service in SERVICES if settings.section(service.section).kept}
    return (platform_namespaces(settings) | kept) - shared


def known_namespaces(settings: Settings) -> set[str]:
    """Namespaces that may get copies of secrets."""
    return {*platform_namespaces(settings), *settings.secrets.namespaces}
