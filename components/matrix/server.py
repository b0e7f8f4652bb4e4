"""Chat: Synapse, the Matrix Authentication Service and Element Web."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.helm import Release, ReleaseArgs, release
from components.matrix import authentication
from components.matrix import login as matrix_login
from components.matrix.authentication import SESSIONS_CLIENT
from components.matrix.login import UPSTREAM_ID
from components.matrix.names import LOGIN_PORT
from components.matrix.secrets import SESSIONS, SIGNING_KEY, SIGNING_KEY_FIELD
from components.matrix.settings import MatrixSettings
from components.matrix.values import ELEMENT_PORT, RELEASE, MatrixSecrets, MatrixValues, values, workload
from components.script_job import ScriptJob, ScriptJobArgs
from components.service import ServiceArgs, ServiceParts
from lib.names import VAULT_ISSUER, SystemNamespace
from lib.network import Ingress, Policy
from lib.pod_scripts import script

_WORKLOADS = ("synapse-main", "matrix-authentication-service", "haproxy")
"""HAProxy also serves the delegation of the domain."""
_SESSIONS_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class MatrixArgs(ServiceArgs):
    """What every service is given.

    Attributes:
        own: Section `matrix` of the stack file.
    """

    @property
    def own(self) -> MatrixSettings:
        return self.settings.section(MatrixSettings)


class Matrix(pulumi.ComponentResource):
    """Creates:

    - `<name>-<workload>-disruption`: a PodDisruptionBudget for each workload.
    - `<name>-<workload>-silence`: Element Web may open no connection, nor may Element Admin.
    - `<name>-logout`: Authentik may tell the authentication service that a session has ended.
    - `<name>-<secret>`: an ExternalSecret for each of synapse-database, mas-database, synapse, mas, mas-shared, oidc
      and sessions.
    - `<name>-tls`: one certificate for the hosts of all parts and the domain of the user ids, signed by Vault. The
      other services keep the issuer that needs no Vault for a renewal.
    - `<name>-release`: the whole stack, whose media volume stays when the release goes (`helm.sh/resource-policy`).
    - `<name>-login`: the gate.
    - `<name>-sessions`: the Job that ends the sessions of who may not log in, and the CronJob that does so again.

    Attributes:
        url: Where people find Element Web.
        ready: Gate: following the login of the authentication service leads to Authentik, Synapse and the delegation of
            the domain name their counterparts, and nobody has a session who may not log in.
    """

    url: str
    ready: pulumi.Resource

    def __init__(self, name: str, args: MatrixArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:matrix/server:Matrix", name, None, opts)
        settings = args.own
        parts = ServiceParts(name, args, self)
        files = ["element-web", *(["element-admin"] if settings.admin_host is not None else [])]
        for component in (*_WORKLOADS, *files):
            parts.disruption_budget(component, workload(component))
        for component in files:
            self._silence(name, parts, component)
        self._policy(
            (name, "logout"),
            parts,
            Policy(
                pods=workload("matrix-authentication-service"),
                ingress=[Ingress(ports=[LOGIN_PORT], namespaces=[SystemNamespace.AUTHENTIK])],
            ),
        )
        secrets = _secrets(parts, args)
        installed = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.charts["matrix-stack"],
                release=RELEASE,
                namespace=parts.namespace.namespace,
                values=values(
                    MatrixValues(
                        settings=settings,
                        application=args.application,
                        administrators=authentication.administrators(args.settings),
                        secrets=secrets,
                        ca_config_map=parts.ca_config_map,
                        storage_class=args.storage_class,
                    )
                ),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.url = f"https://{settings.host}"
        login = parts.gate(matrix_login.checks(args.settings), installed, installed.digest)
        sessions = _sessions(args, parts, secrets.sessions, (installed, login))
        self.ready = ScriptJob(f"{name}-sessions", sessions, pulumi.ResourceOptions(parent=self)).job
        self.register_outputs({"url": self.url})

    def _silence(self, name: str, parts: ServiceParts, component: str) -> None:
        """The component hands out files, and the browser does the rest: it needs no connection of its own."""
        ingress = [Ingress(ports=[ELEMENT_PORT], namespaces=[SystemNamespace.TRAEFIK])]
        policy = Policy(pods=workload(component), ingress=ingress, silent=True)
        self._policy((name, f"{component}-silence"), parts, policy)

    def _policy(self, names: tuple[str, str], parts: ServiceParts, policy: Policy) -> None:
        k8s.networking.v1.NetworkPolicy(
            "-".join(names),
            metadata={"name": names[1], "namespace": parts.namespace.namespace},
            spec=policy.spec(),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _sessions(
    args: MatrixArgs, parts: ServiceParts, secret: pulumi.Input[str], serving: tuple[Release, pulumi.Resource]
) -> ScriptJobArgs:
    installed, login = serving
    return ScriptJobArgs(
        namespace=parts.namespace.namespace,
        source=script("matrix_sessions"),
        runbook="matrix.md#sessions-are-not-ended",
        environment={
            "ACCOUNT_URL": f"https://{args.own.account_host}",
            "CLIENT_ID": SESSIONS_CLIENT,
            "PROVIDER_ID": UPSTREAM_ID,
            "PEOPLE": json.dumps(list(args.settings.identity.members(args.own.login_groups))),
        },
        secrets={"CLIENT_SECRET": (secret, "client-secret")},
        ca_config_map=parts.ca_config_map,
        after=[login],  # the service answers on its host; and one gate after the other stands for both
        proves=[installed.digest],
        seconds=_SESSIONS_SECONDS,
        again="41 * * * *",
    )


def _secrets(parts: ServiceParts, args: MatrixArgs) -> MatrixSecrets:
    return MatrixSecrets(
        synapse_database=parts.secret("synapse-database", {"password": ("postgres/synapse", "password")}),
        mas_database=parts.secret("mas-database", {"password": ("postgres/mas", "password")}),
        synapse=parts.secret(
            "synapse",
            {
                "signing-key": (SIGNING_KEY, SIGNING_KEY_FIELD),
                "macaroon": ("matrix/synapse", "macaroon"),
                "registration-shared-secret": ("matrix/synapse", "registration-shared-secret"),
            },
        ),
        mas=parts.secret(
            "mas",
            {
                "encryption-secret": ("matrix/mas-encryption", "encryption-secret"),
                "rsa-key": ("matrix/mas", "rsa-key"),
                "ec-key": ("matrix/mas", "ec-key"),
            },
        ),
        shared=parts.secret("mas-shared", {"synapse-shared-secret": ("matrix/mas", "synapse-shared-secret")}),
        oidc=parts.secret("oidc", {"client-secret": (args.application.secret_path, "client-secret")}),
        sessions=parts.secret("sessions", {"client-secret": (SESSIONS, "client-secret")}),
        tls=parts.certificate(*args.own.names, issuer=VAULT_ISSUER),
    )
