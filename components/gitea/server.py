"""Git hosting."""

from dataclasses import dataclass

import pulumi

from components.gitea import login as gitea_login
from components.gitea.content import content_job
from components.gitea.databases import VALKEY
from components.gitea.runner import GiteaRunner, GiteaRunnerArgs
from components.gitea.secrets import RUNNER_TOKEN
from components.gitea.settings import GiteaSettings
from components.gitea.values import LABELS, GiteaSecrets, GiteaValues, values
from components.helm import ReleaseArgs, release
from components.script_job import ScriptJob
from components.service import ServiceArgs, ServiceParts
from lib.names import VALKEY_ADDRESS


@dataclass(frozen=True, kw_only=True)
class GiteaArgs(ServiceArgs):
    """What every service is given.

    Attributes:
        own: Section `gitea` of the stack file.
    """

    @property
    def own(self) -> GiteaSettings:
        return self.settings.section(GiteaSettings)


class Gitea(pulumi.ComponentResource):
    """Creates:

    - `<name>-<secret>`: an ExternalSecret for each of admin, database, encryption, server, metrics, valkey and oidc,
      for runner-registration where there are runners, and for flux-repository where Flux applies a repository of it.
    - `<name>-tls`: the certificate of the host.
    - `<name>-release`: Gitea, whose repositories' volume stays when the release goes (`helm.sh/resource-policy`).
    - `<name>-gitea-disruption`: PodDisruptionBudget.
    - `<name>-login`: the gate of the login, and of git over SSH.
    - `<name>-content`: the Job that makes accounts, organisations, teams and the repository of Flux what the stack file
      says, and the CronJob that keeps them.
    - `<name>-runner`: GiteaRunner, where workflows run.

    Gitea starts and serves while Authentik is down, unless its login has changed meanwhile (scripts/login_source.sh).

    Attributes:
        url: Where people find it.
        ready: Gate: the login page offers Authentik, following it leads there, git answers over SSH, nobody but
            who may log in has an account that works, what the stack file declares of organisations and teams is there,
            and runners wait for jobs.
    """

    url: str
    ready: pulumi.Resource

    def __init__(self, name: str, args: GiteaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:gitea/server:Gitea", name, None, opts)
        parts = ServiceParts(name, args, self)
        secrets = _secrets(parts, args)
        installed = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.charts["gitea"],
                release="gitea",
                namespace=parts.namespace.namespace,
                values=values(
                    GiteaValues(
                        settings=args.own,
                        ssh_annotations=args.settings.asking_for(args.settings.network.load_balancers.git_ssh),
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
        self.url = f"https://{args.own.host}"
        login = parts.gate(gitea_login.checks(args.settings), installed, installed.digest)
        content = content_job(args, parts, secrets.admin, (installed, login))
        self.ready = ScriptJob(f"{name}-content", content, pulumi.ResourceOptions(parent=self)).job
        if args.own.actions.enabled:
            self.ready = GiteaRunner(
                f"{name}-runner", _runner(args, self.ready), pulumi.ResourceOptions(parent=self)
            ).ready
        self.register_outputs({"url": self.url})


def _runner(args: GiteaArgs, ready: pulumi.Resource) -> GiteaRunnerArgs:
    return GiteaRunnerArgs(
        settings=args.own,
        network=args.settings.network,
        secrets=args.secrets,
        store=args.store_ready,
        ca_certificate=args.ca_certificate,
        storage_class=args.storage_class,
        gitea=ready,
    )


def _secrets(parts: ServiceParts, args: GiteaArgs) -> GiteaSecrets:
    address = f"redis://gitea:{{{{ .password }}}}@{VALKEY_ADDRESS}"
    connections = {
        use: f"{address}/{database}?pool_size=100&idle_timeout=180s" for use, database in VALKEY.databases.items()
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
        tls=parts.certificate(args.own.host),
        runner_registration=(
            parts.secret("runner-registration", {"token": (RUNNER_TOKEN, "token")})
            if args.own.actions.enabled
            else None
        ),
    )
