"""Git hosting."""

from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi

from components.service import ServiceArgs
from settings.platform import Gitea as GiteaSettings


@dataclass(frozen=True, kw_only=True)
class GiteaArgs(ServiceArgs):
    """Section `gitea` of the stack file and the address of its SSH."""

    settings: GiteaSettings
    ssh_address: IPv4Address


class Gitea(pulumi.ComponentResource):
    """Gitea with its namespace, secrets and certificate.

    Attributes:
        url: Where people find it.
        ready: Gate: the login page offers Authentik.
    """

    url: str
    ready: pulumi.Resource
