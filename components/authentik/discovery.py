"""The gate of an OIDC application: what Authentik publishes of it is what was declared, and a login can start."""

from dataclasses import dataclass

import pulumi

from components.authentik.api import AuthentikApi
from components.custom_resource import value_after
from components.script_job import ScriptJob, ScriptJobArgs
from declarations.oidc import OidcApplication
from lib.pod_scripts import script

GATE_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class DiscoveryArgs:
    """The application, and the applied blueprint that made it."""

    api: AuthentikApi
    application: OidcApplication
    applied: pulumi.Resource


class Discovery(pulumi.ComponentResource):
    """Creates `<name>`: a ScriptJob that reads the discovery by the public name, with the platform's CA: issuer equal
    to the letter, every endpoint on the public host, an RS256 key; and that starts a login for each redirect URI.

    Attributes:
        ready: The gate.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: DiscoveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:authentik/discovery:Discovery", name, None, opts)
        application = args.application
        self.ready = ScriptJob(
            name,
            ScriptJobArgs(
                namespace=args.api.namespace.namespace,
                source=script("discovery"),
                runbook="logins.md#the-discovery-of-an-application-is-wrong",
                environment={
                    "ISSUER": application.issuer,
                    "DISCOVERY_URL": value_after(args.applied, application.discovery_url),
                    "CLIENT_ID": application.client_id,
                    "REDIRECT_URIS": "\n".join(application.redirect_uris),
                },
                ca_config_map=args.api.namespace.ca_bundle,
                proves=[args.api.version],
                seconds=GATE_SECONDS,
            ),
            pulumi.ResourceOptions(parent=self),
        ).job
        self.register_outputs({})
