"""Git hosting."""

from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi

from components.helm import ReleaseArgs, release
from components.service import Openings, ServiceArgs, ServiceParts
from lib import login_checks
from lib.databases import VALKEY_USERS
from lib.names import VALKEY_HOST
from lib.names import Namespace as Names
from lib.values.gitea import GiteaSecrets, GiteaValues, values
from settings.gitea import Gitea as GiteaSettings

_SSH_PORT = 2222  # of the pod; the LoadBalancer listens on 22


@dataclass(frozen=True, kw_only=True)
class GiteaArgs(ServiceArgs):
    """Section `gitea` of the stack file and the LoadBalancer address of git over SSH."""

    settings: GiteaSettings
    ssh_address: IPv4Address


class Gitea(pulumi.ComponentResource):
    """Creates:

    - `<name>-namespace`: the namespace, open to Traefik and, on the port of SSH, to everybody.
    - `<name>-<secret>`: an ExternalSecret for each of admin, database, encryption, server, valkey and oidc.
    - `<name>-tls`: the certificate of the host.
    - `<name>-release`: Gitea, whose repositories' volume stays when the release goes (`helm.sh/resource-policy`).
    - `<name>-login`: the gate.

    Gitea starts and serves while Authentik is down; only logins wait (lib/gitea/login_source.sh).

    Attributes:
        url: Where people find it.
        ready: Gate: the login page offers Authentik, and following it leads there.
    """

    url: str
    ready: pulumi.Resource

    def __init__(self, name: str, args: GiteaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:gitea:Gitea", name, None, opts)
        host = args.settings.host
        parts = ServiceParts(name, args, self, namespace=Names.GITEA, openings=Openings(anyone=(_SSH_PORT,)))
        installed = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart,
                release="gitea",
                namespace=parts.namespace.namespace,
                values=values(
                    GiteaValues(
                        host=host,
                        ssh_address=args.ssh_address,
                        admin_email=args.settings.admin_email,
                        user_group=args.settings.user_group,
                        admin_group=args.settings.admin_group,
                        application=args.application,
                        secrets=_secrets(parts, args),
                        ca_config_map=parts.ca_config_map,
                        storage_class=args.storage_class,
                        size=args.settings.size,
                    )
                ),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.url = f"https://{host}"
        self.ready = parts.gate(login_checks.gitea(host, args.application), installed)
        self.register_outputs({"url": self.url})


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
        valkey=parts.secret("valkey", {"password": ("valkey/gitea", "password")}, connections),
        oidc=parts.secret("oidc", {"client-secret": (args.application.secret_path, "client-secret")}),
        tls=parts.certificate(args.settings.host),
    )
