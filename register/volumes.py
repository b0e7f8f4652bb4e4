"""Which volumes are backed up, over all services and chains."""

from declarations import chains
from declarations.volumes import Volume
from register.services import SERVICES
from settings.model import Settings


def of_services(settings: Settings) -> tuple[Volume, ...]:
    """Those of the services that are on; none without the section `backup`."""
    if settings.backup is None:
        return ()
    return tuple(volume for service in SERVICES if service.enabled(settings) for volume in service.volumes)


def volumes(settings: Settings) -> tuple[Volume, ...]:
    """Those, and the ones of chains."""
    return of_services(settings) + tuple(one for name in settings.chains for one in chains.volumes(settings, name))
