"""What everything that configures Authentik needs to reach its API."""

from dataclasses import dataclass

import pulumi
import pulumi_authentik as authentik

from components.namespace import Namespace


@dataclass(frozen=True)
class AuthentikApi:
    """A running Authentik.

    Attributes:
        namespace: Its namespace; Jobs that call the API in the cluster run there.
        token_secret: Secret that holds an administrator's API token under `bootstrap-token`.
        provider: Provider for `pulumi_authentik` resources, usable once the API answers.
        ready: Gate: the API answers on its public name, with that token.
        version: Of its chart: another release migrates what the blueprints made, so gates look again. Its values are
            proven by `ready`; they change with every blueprint that is mounted.
    """

    namespace: Namespace
    token_secret: pulumi.Output[str]
    provider: authentik.Provider
    ready: pulumi.Resource
    version: str
