"""Authentik in front of applications that know no login: Traefik asks it about every request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.authentik.api import AuthentikApi
from components.authentik.blueprint import Blueprint, BlueprintArgs
from components.authentik.blueprints import paths, proxied
from components.certificate import CertificateArgs, host_certificate
from components.custom_resource import CustomResourceArgs, custom_resource, value_after
from components.script_job import ScriptJob, ScriptJobArgs
from declarations.forward_auth import MIDDLEWARE, PREFIX, RESPONSE_HEADERS, ProxiedApplication
from lib.kubernetes import TRAEFIK_API
from lib.names import AUTHENTIK_IN_CLUSTER, INGRESS_CLASS
from lib.pod_scripts import script

SERVICE, PORT = "authentik-server", 80
"""The Service of the chart."""
GATE_SECONDS = 600
"""The outpost hears of a change at once; when it does not, it asks every five minutes."""


@dataclass(frozen=True, kw_only=True)
class ForwardAuthArgs:
    """What stands behind the login.

    Attributes:
        applications: At least one.
        issuer_ready: The ClusterIssuer.
        public: Secrets with certificates of Let's Encrypt, by host.
        after: The blueprint with the groups that the applications name.
    """

    api: AuthentikApi
    auth_host: str
    applications: Sequence[ProxiedApplication]
    issuer_ready: pulumi.Resource
    after: Sequence[pulumi.Resource]
    public: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class ForwardAuth(pulumi.ComponentResource):
    """Creates for each application, named `login-<slug>`:

    - `-blueprint`: Blueprint with provider, application and access.
    - `-tls`: Certificate of its host, which Traefik offers to whoever asks for that name, unless Let's Encrypt signs.
    - `-route`: Ingress of the path on its host that belongs to Authentik.
    - `-redirect`: ScriptJob: whoever has no session is sent to Authentik, and comes back to the application.

    And once:

    - `<name>-outpost`: Blueprint with the list of them.
    - `<name>-middleware`: Traefik's Middleware `login`, which the Ingress of each application names.

    Attributes:
        ready: Gates: the probes.
    """

    ready: tuple[pulumi.Resource, ...]

    def __init__(self, name: str, args: ForwardAuthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:authentik/forward_auth:ForwardAuth", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        providers = [self._blueprint(application) for application in args.applications]
        outpost = Blueprint(
            f"{name}-outpost",
            BlueprintArgs(
                api=args.api,
                slug=paths.OUTPOST,
                text=proxied.outpost(args.auth_host, [application.slug for application in args.applications]),
                after=providers,
            ),
            self._child,
        )
        custom_resource(
            f"{name}-middleware",
            CustomResourceArgs(
                api_version=TRAEFIK_API,
                kind="Middleware",
                name=MIDDLEWARE,
                namespace=args.api.namespace.namespace,
                spec={"forwardAuth": _forward_auth()},
                wait_for=None,
            ),
            self._child,
        )
        for application in args.applications:
            self._route(application)
        self.ready = tuple(self._gate(application, outpost.ready) for application in args.applications)
        self.register_outputs({})

    def _blueprint(self, application: ProxiedApplication) -> pulumi.Resource:
        return Blueprint(
            f"login-{application.slug}-blueprint",
            BlueprintArgs(
                api=self._args.api, slug=application.slug, text=proxied.text(application), after=self._args.after
            ),
            self._child,
        ).ready

    def _route(self, application: ProxiedApplication) -> None:
        namespace, name = self._args.api.namespace.namespace, f"login-{application.slug}"
        tls_secret = host_certificate(
            f"{name}-tls",
            CertificateArgs(
                namespace=namespace,
                secret_name=f"{name}-tls",
                hosts=(application.host,),
                issuer_ready=self._args.issuer_ready,
            ),
            self._args.public,
            self._child,
        )
        k8s.networking.v1.Ingress(
            f"{name}-route",
            metadata={"name": name, "namespace": namespace},
            spec=_ingress(application.host, tls_secret),
            opts=self._child,
        )

    def _gate(self, application: ProxiedApplication, outpost: pulumi.Resource) -> pulumi.Resource:
        return ScriptJob(
            f"login-{application.slug}-redirect",
            ScriptJobArgs(
                namespace=self._args.api.namespace.namespace,
                source=script("forward_auth"),
                runbook="logins.md#nobody-is-sent-to-the-login",
                environment={
                    "FORWARD_AUTH_URL": value_after(outpost, _address()),
                    "FORWARDED_HOST": application.host,
                    "AUTH_HOST": self._args.auth_host,
                },
                proves=[self._args.api.version],
                seconds=GATE_SECONDS,
            ),
            self._child,
        ).job


def _address() -> str:
    return f"{AUTHENTIK_IN_CLUSTER}{PREFIX}auth/traefik"


def _forward_auth() -> dict[str, Any]:
    return {
        "address": _address(),
        # Nobody stands before Traefik: it says itself which host, path and scheme were asked for.
        "trustForwardHeader": False,
        "authResponseHeaders": list(RESPONSE_HEADERS),
    }


def _ingress(host: str, tls_secret: pulumi.Input[str]) -> Any:
    backend = {"service": {"name": SERVICE, "port": {"number": PORT}}}
    return {
        "ingressClassName": INGRESS_CLASS,
        "tls": [{"hosts": [host], "secretName": tls_secret}],
        "rules": [{"host": host, "http": {"paths": [{"path": PREFIX, "pathType": "Prefix", "backend": backend}]}}],
    }
