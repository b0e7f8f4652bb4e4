"""Container registry."""

from dataclasses import dataclass

import pulumi

from components.service import ServiceArgs
from settings.platform import Harbor as HarborSettings


@dataclass(frozen=True, kw_only=True)
class HarborArgs(ServiceArgs):
    """Section `harbor` of the stack file."""

    settings: HarborSettings


class Harbor(pulumi.ComponentResource):
    """Harbor with its namespace, secrets and certificate.

    Attributes:
        url: Where people find it.
        ready: Gate: the registry answers and logs in through Authentik.
    """

    url: str
    ready: pulumi.Resource
