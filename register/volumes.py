"""Which volumes are backed up, over all services."""

from declarations.volumes import Volume
from register.services import SERVICES
from settings.model import Settings


def volumes(settings: Settings) -> tuple[Volume, ...]:
    """Those of the services that are on; none without the section `backup`."""
    if settings.backup is None:
        return ()
    return tuple(volume for service in SERVICES if service.enabled(settings) for volume in service.volumes)
