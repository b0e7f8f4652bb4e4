"""What a workload needs to be an OIDC client, in the namespaces of an application of the stack file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.namespace import Namespace
from components.platform_secrets import WrittenSecret
from declarations.oidc import OidcApplication


@dataclass(frozen=True, kw_only=True)
class ApplicationCredentialsArgs:
    """The application and where it runs.

    Attributes:
        client_secret: Written secret of the application, at its `secret_path`.
        namespaces: Namespaces by name that get the credentials; all are of the application.
        store_ready: Readiness of the ClusterSecretStore.
    """

    application: OidcApplication
    client_secret: WrittenSecret
    namespaces: Mapping[str, Namespace]
    store_ready: Sequence[pulumi.Resource]


class ApplicationCredentials(pulumi.ComponentResource):
    """Creates for each of the namespaces `<name>-<namespace>`: ExternalSecret `oidc-<slug>` with
    `client-id`, `client-secret` and `issuer`.

    Attributes:
        ready: The ExternalSecrets, each Ready.
    """

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: ApplicationCredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:application_credentials:ApplicationCredentials", name, None, opts)
        application = args.application
        self.ready = tuple(
            ExternalSecret(
                f"{name}-{namespace}",
                ExternalSecretArgs(
                    namespace=args.namespaces[namespace],
                    secret_name=f"oidc-{application.slug}",
                    keys=[SecretKey("secret", args.client_secret, "client-secret")],
                    template={
                        "client-id": application.client_id,
                        "client-secret": "{{ .secret }}",
                        "issuer": application.issuer,
                    },
                    store_ready=args.store_ready,
                ),
                pulumi.ResourceOptions(parent=self),
            ).resource
            for namespace in args.namespaces
        )
        self.register_outputs({})
