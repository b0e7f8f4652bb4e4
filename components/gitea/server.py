"""Git hosting."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi

from components.custom_resource import CustomResourceArgs, custom_resource
from components.gitea.configuration import HTTP_PORT
from components.gitea.declared import wanted
from components.gitea.secrets import RUNNER_TOKEN
from components.gitea.settings import Gitea as GiteaSettings
from components.gitea.values import LABELS, SSH_PORT, GiteaSecrets, GiteaValues, values
from components.helm import Release, ReleaseArgs, release
from components.probe import Probe, ProbeArgs, script
from components.service import Openings, ServiceArgs, ServiceParts
from declarations import login_checks
from declarations.databases import VALKEY_USERS
from lib.names import VALKEY_HOST

OPENINGS = Openings(anyone=(SSH_PORT,), metrics=(HTTP_PORT,))
_CONTENT_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class GiteaArgs(ServiceArgs):
    """Section `gitea` of the stack file and the LoadBalancer address of git over SSH.

    Attributes:
        people: User names of those who may log in; the accounts of all others are switched off.
    """

    settings: GiteaSettings
    ssh_address: IPv4Address
    people: Sequence[str]


class Gitea(pulumi.ComponentResource):
    """Creates:

    - `<name>-<secret>`: an ExternalSecret for each of admin, database, encryption, server, metrics, valkey and oidc,
      and for runner-registration where there are runners.
    - `<name>-tls`: the certificate of the host.
    - `<name>-release`: Gitea, whose repositories' volume stays when the release goes (`helm.sh/resource-policy`).
    - `<name>-gitea-disruption`: PodDisruptionBudget.
    - `<name>-login`: the gate of the login, and of git over SSH.
    - `<name>-content`: the Job that makes accounts, organisations and teams what the stack file says, and the CronJob
      that keeps them.
    - `<name>-monitor`: ServiceMonitor, where the settings ask for it.

    Gitea starts and serves while Authentik is down, unless its login has changed meanwhile (scripts/login_source.sh).

    Attributes:
        url: Where people find it.
        ready: Gate: the login page offers Authentik, following it leads there, git answers over SSH, nobody but
            `people` has an account that works, and what the stack file declares of organisations and teams is there.
    """

    url: str
    ready: pulumi.Resource

    def __init__(self, name: str, args: GiteaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:gitea/server:Gitea", name, None, opts)
        host = args.settings.host
        parts = ServiceParts(name, args, self)
        secrets = _secrets(parts, args)
        installed = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart,
                release="gitea",
                namespace=parts.namespace.namespace,
                values=values(
                    GiteaValues(
                        settings=args.settings,
                        ssh_address=args.ssh_address,
                        application=args.application,
                        secrets=secrets,
                        ca_config_map=parts.ca_config_map,
                        storage_class=args.storage_class,
                    )
                ),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        parts.disruption_budget("gitea", LABELS)
        if args.settings.service_monitors:
            monitor = _monitor(parts.namespace.namespace, secrets.metrics)
            custom_resource(f"{name}-monitor", monitor, pulumi.ResourceOptions(parent=self))
        self.url = f"https://{host}"
        login = parts.gate(login_checks.gitea(args.settings, args.application), installed)
        probe = _content(args, parts, secrets.admin, (installed, login))
        self.ready = Probe(f"{name}-content", probe, pulumi.ResourceOptions(parent=self)).job
        self.register_outputs({"url": self.url})


def _content(
    args: GiteaArgs, parts: ServiceParts, admin: pulumi.Input[str], serving: tuple[Release, pulumi.Resource]
) -> ProbeArgs:
    settings = args.settings
    installed, login = serving
    return ProbeArgs(
        namespace=parts.namespace.namespace,
        source=script("gitea_content"),
        environment={
            "GITEA_URL": f"https://{settings.host}",
            "PEOPLE": json.dumps(list(args.people)),
            "ORGANISATIONS": wanted(settings),
            "REMOVED": json.dumps(list(settings.removed.organisations)),
            "SECONDS": str(_CONTENT_SECONDS - 60),
        },
        secrets={"USERNAME": (admin, "username"), "PASSWORD": (admin, "password")},
        ca_config_map=parts.ca_config_map,
        after=[login],  # Gitea answers on its host; and one gate after the other stands for both
        proves=[installed.digest],
        seconds=_CONTENT_SECONDS,
        again="23 * * * *",
    )


def _monitor(namespace: pulumi.Input[str], token: pulumi.Input[str]) -> CustomResourceArgs:
    """The chart's own would take the token as a value in plain text."""
    credentials = {"type": "Bearer", "credentials": {"name": token, "key": "token"}}
    return CustomResourceArgs(
        api_version="monitoring.coreos.com/v1",
        kind="ServiceMonitor",
        name="gitea",
        namespace=namespace,
        spec={
            "selector": {"matchLabels": LABELS},
            "endpoints": [{"port": "http", "path": "/metrics", "authorization": credentials}],
        },
        wait_for=None,
    )


def _secrets(parts: ServiceParts, args: GiteaArgs) -> GiteaSecrets:
    address = f"redis://gitea:{{{{ .password }}}}@{VALKEY_HOST}:6379"
    connections = {
        use: f"{address}/{database}?pool_size=100&idle_timeout=180s"
        for use, database in VALKEY_USERS["gitea"].databases.items()
    }
    return GiteaSecrets(
        admin=parts.secret("admin", {"username": ("gitea/admin", "username"), "password": ("gitea/admin", "password")}),
        database=parts.secret("database", {"password": ("postgres/gitea", "password")}),
        encryption=parts.secret("encryption", {"secret-key": ("gitea/encryption", "secret-key")}),
        server=parts.secret(
            "server", {field: ("gitea/server", field) for field in ("internal-token", "jwt-secret", "lfs-jwt-secret")}
        ),
        metrics=parts.secret("metrics", {"token": ("gitea/metrics", "token")}),
        valkey=parts.secret("valkey", {"password": ("valkey/gitea", "password")}, connections),
        oidc=parts.secret("oidc", {"client-secret": (args.application.secret_path, "client-secret")}),
        tls=parts.certificate(args.settings.host),
        runner_registration=(
            parts.secret("runner-registration", {"token": (RUNNER_TOKEN, "token")})
            if args.settings.actions.enabled
            else None
        ),
    )
