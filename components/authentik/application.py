"""Everything Authentik holds of one OIDC application, from its one declaration."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.authentik.api import AuthentikApi
from components.platform_secrets import PlatformSecrets
from lib.oidc import OidcApplication


@dataclass(frozen=True, kw_only=True)
class AuthentikApplicationArgs:
    """The application.

    Attributes:
        after: The blueprint with the groups that the application names.
    """

    api: AuthentikApi
    application: OidcApplication
    secrets: PlatformSecrets
    store_ready: Sequence[pulumi.Resource]
    after: Sequence[pulumi.Resource]


class AuthentikApplication(pulumi.ComponentResource):
    """Attributes:
    ready: Gate: the application's OIDC discovery answers on the public name as declared.
    """

    ready: pulumi.Resource
