"""Authentik: server, worker, their secrets, certificate and the gate in front of the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pulumi_authentik as authentik
import pulumi_kubernetes as k8s

from components.authentik.api import AuthentikApi
from components.authentik.blueprints import administrator, paths
from components.authentik.values import POSTGRES_SECRET, AuthentikValues, values
from components.barrier import passed
from components.certificate import CertificateArgs, host_certificate
from components.custom_resource import value_after
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.helm import Release, ReleaseArgs, release
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from components.script_job import ScriptJob, ScriptJobArgs
from declarations.oidc import OidcApplication
from lib.charts import Chart
from lib.pod_scripts import script
from settings.identity import IdentitySettings

RELEASE = "authentik"
"""The Service and the Deployments of the chart are named after it (`authentik-server`, `authentik-worker`)."""
_SERVER, _DATABASE = "authentik/server", "postgres/authentik"
_SECRET_MOUNT = "/secret"
_SECRET_VOLUME_MOUNT = {"name": "secret", "mountPath": _SECRET_MOUNT, "readOnly": True}
GATE_SECONDS = 900
"""The worker applies some fifty packaged blueprints before it makes the administrator."""


@dataclass(frozen=True, kw_only=True)
class AuthentikServerArgs:
    """Where and how Authentik runs.

    Attributes:
        namespace: Namespace `authentik`, with the CA bundle; it lets Traefik in.
        identity: Section `identity` of the stack file.
        pods: Network of the pods, from which Traefik's forwarded headers are trusted.
        secrets: The written secrets, among them `authentik/server` and `postgres/authentik`.
        store_ready: Readiness of the ClusterSecretStore.
        issuer_ready: The ClusterIssuer.
        public: Secrets with certificates of Let's Encrypt, by host.
        ingress: Digest of the ingress controller.
        applications: Every application that may ever have a blueprint, also one that joins in a later phase: the
            worker mounts the files of all, each optional.
        blueprints: Slugs of further blueprints.
        tokens: Tokens of service accounts, each with a blueprint of its own.
    """

    chart: Chart
    namespace: Namespace
    identity: IdentitySettings
    pods: IPv4Network
    secrets: PlatformSecrets
    store_ready: Sequence[pulumi.Resource]
    issuer_ready: pulumi.Resource
    ingress: pulumi.Input[str]
    applications: Sequence[OidcApplication]
    blueprints: Sequence[str] = ()
    tokens: Sequence[str] = ()
    public: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class AuthentikServer(pulumi.ComponentResource):
    """Creates:

    - `<name>-administrator`: ConfigMap with the blueprint that renews the administrator's token and password.
    - `<name>-server-secret`, `<name>-postgres-secret`: ExternalSecrets.
    - `<name>-tls`: Certificate of the public host, unless Let's Encrypt signs.
    - `<name>-release`: Release of the chart.
    - `<name>-api`: ScriptJob: the API answers on the public name and takes the token; `<name>-answers` stands for it.
    - `<name>-provider`: Provider for `pulumi_authentik` resources.

    Attributes:
        url: Where people find it.
        api: How to configure it.
    """

    url: str
    api: AuthentikApi

    def __init__(self, name: str, args: AuthentikServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:authentik/server:AuthentikServer", name, None, opts)
        self._name, self._args = name, args
        self.url = f"https://{args.identity.host}"
        self._generation = args.secrets[_SERVER].declaration.generation
        administrator_blueprint = self._administrator_blueprint()
        server_secret = self._secret(
            "server-secret",
            paths.SERVER_SECRET,
            ("secret-key", paths.API_TOKEN, paths.ADMINISTRATOR_PASSWORD),
            # A renewed token restarts the worker, which must then find the renewed blueprint.
            after=administrator_blueprint,
        )
        server = self._release(administrator_blueprint.metadata.name, server_secret)
        gate = passed(f"{name}-answers", self._gate(server, server_secret))
        provider = authentik.Provider(
            f"{name}-provider",
            url=value_after(gate, args.identity.url or self.url),
            token=args.secrets[_SERVER].values[paths.API_TOKEN],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.api = AuthentikApi(args.namespace, server_secret, provider, gate, args.chart.version)
        self.register_outputs({"url": self.url})

    def _administrator_blueprint(self) -> k8s.core.v1.ConfigMap:
        slug = paths.ADMINISTRATOR
        return k8s.core.v1.ConfigMap(
            f"{self._name}-administrator",
            metadata={"name": paths.config_map(slug), "namespace": self._args.namespace.namespace},
            data={paths.file_name(slug): administrator.text(self._generation)},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _secret(
        self, suffix: str, secret_name: str, fields: Sequence[str], after: pulumi.Resource | None = None
    ) -> pulumi.Output[str]:
        written = self._args.secrets[_SERVER if secret_name == paths.SERVER_SECRET else _DATABASE]
        return ExternalSecret(
            f"{self._name}-{suffix}",
            ExternalSecretArgs(
                namespace=self._args.namespace,
                secret_name=secret_name,
                keys=[SecretKey(field, written, field) for field in fields],
                # Written together with the values it describes: whoever reads this generation reads its values.
                template={
                    **{field: f'{{{{ index . "{field}" }}}}' for field in fields},
                    paths.GENERATION: str(written.declaration.generation),
                },
                store_ready=[*self._args.store_ready, *([after] if after is not None else [])],
            ),
            pulumi.ResourceOptions(parent=self),
        ).secret_name

    def _release(self, administrator_blueprint: pulumi.Output[str], server_secret: pulumi.Output[str]) -> Release:
        args, child = self._args, pulumi.ResourceOptions(parent=self)
        tls_secret = host_certificate(
            f"{self._name}-tls",
            CertificateArgs(
                namespace=args.namespace.namespace,
                secret_name="authentik-tls",
                hosts=(args.identity.host,),
                issuer_ready=args.issuer_ready,
            ),
            args.public,
            child,
        )
        inputs = AuthentikValues(
            host=args.identity.host,
            proxies=str(args.pods),
            replicas=args.identity.replicas,
            admin_email=args.identity.admin_email,
            slugs=[
                *(application.slug for application in args.applications),
                *args.blueprints,
                *(paths.token(name) for name in args.tokens),
            ],
            clients=[application.slug for application in args.applications if not application.public],
            server_secret=server_secret,
            postgres_secret=self._secret("postgres-secret", POSTGRES_SECRET, ("password",)),
            tls_secret=tls_secret,
            administrator_blueprint=administrator_blueprint,
            tokens=args.tokens,
        )
        return release(
            f"{self._name}-release",
            ReleaseArgs(chart=args.chart, release=RELEASE, namespace=args.namespace.namespace, values=values(inputs)),
            child,
        )

    def _gate(self, server: Release, server_secret: pulumi.Output[str]) -> k8s.batch.v1.Job:
        gate = ScriptJob(
            f"{self._name}-api",
            ScriptJobArgs(
                namespace=self._args.namespace.namespace,
                source=script("authentik_api"),
                runbook="logins.md#authentiks-api-does-not-answer",
                environment={
                    "AUTHENTIK_URL": value_after(server, self.url),
                    "TOKEN_FILE": f"{_SECRET_MOUNT}/{paths.API_TOKEN}",
                    "TOKEN_GENERATION_FILE": f"{_SECRET_MOUNT}/{paths.GENERATION}",
                    "TOKEN_GENERATION": str(self._generation),
                },
                volumes=[(_secret_volume(server_secret), _SECRET_VOLUME_MOUNT)],
                ca_config_map=self._args.namespace.ca_bundle,
                proves=[server.digest, self._args.ingress],
                seconds=GATE_SECONDS,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return gate.job


def _secret_volume(server_secret: pulumi.Input[str]) -> dict[str, Any]:
    """The token and its generation, and nothing else that the Secret holds."""
    items = [{"key": key, "path": key} for key in (paths.API_TOKEN, paths.GENERATION)]
    return {"name": "secret", "secret": {"secretName": server_secret, "items": items}}
