"""Values of the Authentik chart 2026.8.3: external Postgres, secrets by reference, blueprints from ConfigMaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.authentik.blueprints import guessing, paths
from components.authentik.database import SURGE
from lib.images import AUTHENTIK, parts
from lib.kubernetes import from_secret, resources
from lib.names import AUTHENTIK_IN_CLUSTER, INGRESS_CLASS, POSTGRES_HOST, POSTGRES_PORT
from lib.pod_scripts import script

USER_ID = 1000
"""User of the image; it needs no more than this user's rights."""
POSTGRES_SECRET = "authentik-postgres"
HTTP_PORT, METRICS_PORT = 9000, 9300
"""Ports: of the server, to which Traefik leads; of server and worker, on which Prometheus reads."""
_READABLE_BY_GROUP = 0o440
_MEMORY = "2Gi"
"""Of server and worker each; workers with less have been killed while they applied blueprints (goauthentik 18915)."""
# The loopback: the server's front end passes requests on to the application behind it in the same pod.
_LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, kw_only=True)
class AuthentikValues:
    """Inputs of the values.

    Attributes:
        proxies: Network from which forwarded headers are believed; a wrong one turns every issuer into http://.
        slugs: Blueprints that the worker mounts, once they are there.
        clients: Applications that have a client secret, which the worker mounts too.
        tokens: Tokens of service accounts, which it mounts as well.
        server_secret: Secret with secret-key, bootstrap-token and bootstrap-password.
        postgres_secret: Secret with password.
        administrator_blueprint: ConfigMap of the blueprint `administrator`.
    """

    host: str
    proxies: str
    replicas: int
    admin_email: str
    slugs: Sequence[str]
    clients: Sequence[str]
    server_secret: pulumi.Input[str]
    postgres_secret: pulumi.Input[str]
    tls_secret: pulumi.Input[str]
    administrator_blueprint: pulumi.Input[str]
    tokens: Sequence[str] = ()


def values(args: AuthentikValues) -> dict[str, Any]:
    """Values of the release."""
    repository, tag = parts(AUTHENTIK)
    return {
        "global": {
            "image": {"repository": repository, "tag": tag},
            "env": [
                from_secret("AUTHENTIK_SECRET_KEY", args.server_secret, "secret-key"),
                from_secret("AUTHENTIK_POSTGRESQL__PASSWORD", args.postgres_secret, "password"),
            ],
            # By name and not `auto`: what is mounted reaches the pod without a restart, and a restart of the worker at
            # each change of a blueprint would end the very run that applies it.
            "deploymentAnnotations": {
                "secret.reloader.stakater.com/reload": f"{paths.SERVER_SECRET},{POSTGRES_SECRET}"
            },
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER_ID,
                "runAsGroup": USER_ID,
                "fsGroup": USER_ID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        },
        "authentik": _configuration(args),
        "server": _server(args),
        "worker": _worker(args),
        "postgresql": {"enabled": False},
        # Only outposts that Authentik deploys itself need an account at the Kubernetes API.
        "serviceAccount": {"create": False},
    }


def _configuration(args: AuthentikValues) -> dict[str, Any]:
    """Plain settings; the chart turns each into an AUTHENTIK_<SECTION>__<KEY> variable."""
    return {
        "error_reporting": {"enabled": False},
        "disable_update_check": True,
        "listen": {"trusted_proxy_cidrs": ",".join((args.proxies, *_LOOPBACK))},
        "web": {"base_url": f"https://{args.host}"},
        "outposts": {"discover": False},
        "reputation": {"expiry": guessing.LOCKED_SECONDS},
        "postgresql": {
            "host": POSTGRES_HOST,
            "name": "authentik",
            "user": "authentik",
            "port": POSTGRES_PORT,
            "sslmode": "require",
        },
    }


def _server(args: AuthentikValues) -> dict[str, Any]:
    server: dict[str, Any] = {
        "replicas": args.replicas,
        "deploymentStrategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": SURGE, "maxUnavailable": 0},
        },
        "resources": resources("100m", _MEMORY),
        "containerSecurityContext": _container(),
        # The chart heeds the second only beside the first.
        "serviceAccountName": "default",
        "automountServiceAccountToken": False,
        "ingress": {
            "enabled": True,
            "ingressClassName": INGRESS_CLASS,
            "hosts": [args.host],
            "tls": [{"hosts": [args.host], "secretName": args.tls_secret}],
        },
    }
    if args.replicas > 1:
        server["pdb"] = {"enabled": True, "maxUnavailable": 1}
    return server


def _worker(args: AuthentikValues) -> dict[str, Any]:
    volumes = _volumes(args)
    return {
        "replicas": 1,
        # An old worker beside a new one could apply an old file again.
        "deploymentStrategy": {"type": "Recreate"},
        "resources": resources("100m", _MEMORY),
        "containerSecurityContext": _container(),
        "automountServiceAccountToken": False,
        "livenessProbe": {
            "exec": {"command": ["python", "-c", script("authentik_worker"), AUTHENTIK_IN_CLUSTER]},
            "periodSeconds": 60,
            "timeoutSeconds": 30,
            # Five minutes in which a worker that has just started takes its first task.
            "failureThreshold": 5,
        },
        # The administrator and the token are made at the very first start only; the liveness asks with the token.
        "env": [
            {"name": "AUTHENTIK_BOOTSTRAP_EMAIL", "value": args.admin_email},
            from_secret("AUTHENTIK_BOOTSTRAP_TOKEN", args.server_secret, paths.API_TOKEN),
            from_secret("AUTHENTIK_BOOTSTRAP_PASSWORD", args.server_secret, paths.ADMINISTRATOR_PASSWORD),
        ],
        "volumes": [volume for volume, _ in volumes],
        "volumeMounts": [
            {"name": volume["name"], "mountPath": directory, "readOnly": True} for volume, directory in volumes
        ],
    }


def _volumes(args: AuthentikValues) -> list[tuple[dict[str, Any], str]]:
    """Volumes and where they are mounted. What belongs to an application is optional: the kubelet fills the directory
    when the object appears, so one release serves every phase.
    """
    administrator = [{"key": key, "path": key} for key in (paths.API_TOKEN, paths.ADMINISTRATOR_PASSWORD)]
    volumes = [
        (
            {"name": f"blueprint-{paths.ADMINISTRATOR}", "configMap": {"name": args.administrator_blueprint}},
            paths.directory(paths.ADMINISTRATOR),
        ),
        (
            {
                "name": "administrator",
                "secret": {
                    "secretName": args.server_secret,
                    "items": administrator,
                    "defaultMode": _READABLE_BY_GROUP,
                },
            },
            paths.ADMINISTRATOR_DIRECTORY,
        ),
    ]
    volumes += [
        (
            {"name": f"blueprint-{slug}", "configMap": {"name": paths.config_map(slug), "optional": True}},
            paths.directory(slug),
        )
        for slug in (paths.USERS, *args.slugs)
    ]
    secrets = [(f"oidc-{slug}", paths.client_secret(slug), paths.client_directory(slug)) for slug in args.clients]
    secrets += [(paths.token(name), paths.token(name), paths.token_directory(name)) for name in args.tokens]
    volumes += [
        (
            {"name": name, "secret": {"secretName": secret, "optional": True, "defaultMode": _READABLE_BY_GROUP}},
            directory,
        )
        for name, secret, directory in secrets
    ]
    return volumes


def _container() -> dict[str, Any]:
    """The root file system stays writable: server and worker write below /tmp, /dev/shm and /data."""
    return {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
