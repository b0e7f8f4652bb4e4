"""The whole stack file: the platform's sections and those of every service of the register."""

from typing import Any

from pydantic import create_model

from register.services import SERVICES
from settings.model import Settings

_SECTIONS: dict[str, Any] = {service.slug: (service.section, ...) for service in SERVICES}

StackFile: type[Settings] = create_model("StackFile", __base__=Settings, __module__=__name__, **_SECTIONS)
