"""Container registry."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.harbor import login as harbor_login
from components.harbor import pull_secret
from components.harbor.content import HarborContent, HarborContentArgs, RotatedSecret
from components.harbor.databases import VALKEY
from components.harbor.declared import ROBOT_PREFIX
from components.harbor.scanner import HarborScanner, HarborScannerArgs
from components.harbor.settings import HarborSettings
from components.harbor.values import WORKLOADS, HarborSecrets, HarborValues, values
from components.helm import ReleaseArgs, release
from components.service import ServiceArgs, ServiceParts
from lib.names import VALKEY_ADDRESS

_CREATION = {"administrators": "adminonly", "everyone": "everyone"}
_VALKEY_DATABASES = VALKEY.databases


@dataclass(frozen=True, kw_only=True)
class HarborArgs(ServiceArgs):
    """What every service is given.

    Attributes:
        own: Section `harbor` of the stack file.
    """

    @property
    def own(self) -> HarborSettings:
        return self.settings.section(HarborSettings)


class Harbor(pulumi.ComponentResource):
    """Creates:

    - `<name>-<secret>`: an ExternalSecret for each of admin, database, encryption, server, token, registry-credentials,
      valkey and oidc.
    - `<name>-ca`: Secret with the cluster's CA certificate, which the chart takes only as a Secret.
    - `<name>-tls`: the certificate of the host.
    - `<name>-scanner`: the vulnerability scanner.
    - `<name>-registry-<robot>`: an ExternalSecret for each robot: the Secret with which its images are pulled.
    - `<name>-release`: Harbor, whose volumes stay when the release goes (`helm.sh/resource-policy`).
    - `<name>-<workload>-disruption`: a PodDisruptionBudget for each workload.
    - `<name>-login`: the gate of the login.
    - `<name>-content`: HarborContent, what the stack file declares.

    The login is fixed by CONFIG_OVERWRITE_JSON, which makes every setting of Harbor read-only in its UI and API
    (https://github.com/goharbor/harbor/issues/15043).

    Attributes:
        url: Where people find it.
        ready: Gate: following the login leads to Authentik, and what the stack file declares is there.
    """

    url: str
    ready: pulumi.Resource

    def __init__(self, name: str, args: HarborArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:harbor/server:Harbor", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        parts = ServiceParts(name, args, self)
        namespace = parts.namespace.namespace
        authority = k8s.core.v1.Secret(
            f"{name}-ca",
            metadata={"name": "ca", "namespace": namespace},
            string_data={"ca.crt": args.ca_certificate},
            opts=child,
        )
        secrets = _secrets(parts, args, authority.metadata.name)
        HarborScanner(
            f"{name}-scanner",
            HarborScannerArgs(
                namespace=namespace,
                valkey_secret=secrets.valkey,
                storage_class=args.storage_class,
                databases=args.own.scanner,
                offline=not args.settings.network.internet,
            ),
            child,
        )
        installed = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.charts["harbor"],
                release="harbor",
                namespace=namespace,
                values=values(
                    HarborValues(
                        host=args.own.host,
                        secrets=secrets,
                        storage_class=args.storage_class,
                        registry_size=args.own.registry_size,
                        monitored=args.settings.monitoring.enabled,
                    )
                ),
            ),
            child,
        )
        for workload, labels in WORKLOADS.items():
            parts.disruption_budget(workload, labels)
        self.url = f"https://{args.own.host}"
        login = parts.gate(harbor_login.checks(args.settings), installed, installed.digest)
        self.ready = HarborContent(
            f"{name}-content",
            HarborContentArgs(
                namespace=namespace,
                settings=args.own,
                admin_secret=secrets.admin,
                valkey=_rotated(args, "valkey/harbor", secrets.valkey),
                ca_config_map=parts.ca_config_map,
                robots=_robots(parts, args),
                serving=[login],  # Harbor answers on its host; and one gate after the other stands for both
                release=installed.digest,
            ),
            child,
        ).ready
        self.register_outputs({"url": self.url})


def _secrets(parts: ServiceParts, args: HarborArgs, authority: pulumi.Output[str]) -> HarborSecrets:
    url = f"redis://harbor:{{{{ .password }}}}@{VALKEY_ADDRESS}"
    databases = {use: f"{url}/{number}?idle_timeout_seconds=30" for use, number in _VALKEY_DATABASES.items()}
    credentials = {"password": "{{ .password }}", **databases}
    return HarborSecrets(
        admin=parts.secret("admin", {"password": ("harbor/admin", "password")}),
        database=parts.secret("database", {"password": ("postgres/harbor", "password")}),
        encryption=parts.secret("encryption", {"secretKey": ("harbor/encryption", "secret-key")}),
        server=parts.secret(
            "server",
            {
                "secret": ("harbor/server", "core-secret"),  # this key's name is the chart's
                **{
                    field: ("harbor/server", field)
                    for field in ("xsrf-key", "jobservice-secret", "registry-http-secret")
                },
            },
        ),
        token=parts.secret(
            "token", {"tls.key": ("harbor/server", "token-key"), "tls.crt": ("harbor/server", "token-certificate")}
        ),
        registry=parts.secret(
            "registry-credentials",
            {
                "REGISTRY_PASSWD": ("harbor/registry", "password"),
                "REGISTRY_HTPASSWD": ("harbor/registry", "htpasswd"),
            },
        ),
        valkey=parts.secret("valkey", {"password": ("valkey/harbor", "password")}, credentials),
        oidc=parts.secret(
            "oidc",
            {"client_secret": (args.application.secret_path, "client-secret")},
            {"CONFIG_OVERWRITE_JSON": login_settings(args)},
        ),
        tls=parts.certificate(args.own.host),
        ca=authority,
    )


def _robots(parts: ServiceParts, args: HarborArgs) -> dict[str, RotatedSecret]:
    """Logins of the robots, each a Secret that goes where the stack file wants it."""
    logins = {}
    for robot in args.own.robots:
        path = pull_secret.secret_path(robot)
        secret = parts.secret(
            pull_secret.secret_name(robot),
            {"username": (path, "username"), "password": (path, "password")},
            pull_secret.template(args.own.host, args.secrets[path].declaration.generation),
            pull_secret.TYPE,
        )
        logins[robot] = _rotated(args, path, secret)
    return logins


def _rotated(args: HarborArgs, path: str, secret: pulumi.Input[str]) -> RotatedSecret:
    return RotatedSecret(secret_name=secret, generation=args.secrets[path].declaration.generation)


def login_settings(args: HarborArgs) -> str:
    """CONFIG_OVERWRITE_JSON as a template of External Secrets (keys: Harbor's src/lib/config/metadata/metadatalist.go).

    The client secret consists of letters and digits, so it needs no escaping in JSON.
    """
    application = args.application
    return json.dumps(
        {
            "auth_mode": "oidc_auth",
            "primary_auth_mode": True,
            "oidc_name": "Authentik",
            "oidc_endpoint": application.issuer,
            "oidc_client_id": application.client_id,
            "oidc_client_secret": "{{ .client_secret }}",
            "oidc_scope": ",".join(application.scopes),
            "oidc_user_claim": "preferred_username",
            "oidc_groups_claim": "groups",
            "oidc_admin_group": args.own.admin_group,
            "oidc_auto_onboard": True,
            "oidc_verify_cert": True,
            # By way of Authentik, whose session would let the person in again at the next click.
            "oidc_logout": True,
            "project_creation_restriction": _CREATION[args.own.project_creation],
            "robot_name_prefix": ROBOT_PREFIX,
        }
    )
