"""Chat: Synapse, the Matrix Authentication Service and Element Web."""

from dataclasses import dataclass

import pulumi

from components.service import ServiceArgs
from settings.platform import Matrix as MatrixSettings


@dataclass(frozen=True, kw_only=True)
class MatrixArgs(ServiceArgs):
    """Section `matrix` of the stack file."""

    settings: MatrixSettings


class Matrix(pulumi.ComponentResource):
    """Matrix with its namespace, secrets and certificates.

    Attributes:
        url: Where people find Element Web.
        ready: Gate: the login page offers Authentik and Synapse names its authentication service.
    """

    url: str
    ready: pulumi.Resource
