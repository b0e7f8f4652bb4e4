"""Values of the Gitea chart 12.6.0: the rootless image on external Postgres and Valkey, login through Authentik.

Every secret is referenced. Two ways lead to app.ini (read in the chart's scripts and the image's entry point):
`additionalConfigFromEnvs` reaches the init container alone, which keeps the first SECRET_KEY, INTERNAL_TOKEN and JWT
secrets for ever; `deployment.env` reaches the entry point too, which writes what it finds at every start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.gitea.configuration import config
from components.gitea.declared import group_team_map
from components.gitea.login_source import LoginSource, container
from components.gitea.settings import GiteaSettings
from declarations.oidc import OidcApplication
from lib.images import GITEA
from lib.kubernetes import (
    RELOADER_AUTO,
    from_secret,
    release_labels,
    resources,
    restricted_container,
    restricted_pod,
)
from lib.names import CA_DIRECTORY, INGRESS_CLASS

SSH_PORT = 2222
"""Of the pod, whose server may not listen below 1024; the LoadBalancer listens on 22."""
LABELS = release_labels("gitea", "gitea")
"""Of the pods and both Services (`gitea.selectorLabels` of the chart), when the release is named gitea."""

_MEMORY = "1Gi"
USER_ID = 1000
"""User of the rootless image."""
# Go reads the bundle file of the image as well as every file of these directories.
_TRUST = {"name": "SSL_CERT_DIR", "value": f"/etc/ssl/certs:{CA_DIRECTORY}"}


@dataclass(frozen=True, kw_only=True)
class GiteaSecrets:
    """Names of the Secrets: `admin` (username, password), `database` (password), `encryption` (secret-key), `server`
    (internal-token, jwt-secret, lfs-jwt-secret), `metrics` (token), `valkey` (cache, session, queue: connection
    strings), `oidc` (client-secret), `tls`, and `runner_registration` (token) where there are runners.
    """

    admin: pulumi.Input[str]
    database: pulumi.Input[str]
    encryption: pulumi.Input[str]
    server: pulumi.Input[str]
    metrics: pulumi.Input[str]
    valkey: pulumi.Input[str]
    oidc: pulumi.Input[str]
    tls: pulumi.Input[str]
    runner_registration: Any = None


@dataclass(frozen=True, kw_only=True)
class GiteaValues:
    """Inputs of the values.

    Attributes:
        settings: Section `gitea` of the stack file.
        ssh_annotations: Of the Service of git over SSH: how it asks for its address.
        ca_config_map: ConfigMap with the cluster's CA under `ca.crt`.
    """

    settings: GiteaSettings
    ssh_annotations: Mapping[str, str]
    application: OidcApplication
    secrets: GiteaSecrets
    ca_config_map: pulumi.Input[str]
    storage_class: pulumi.Input[str]


def values(args: GiteaValues) -> dict[str, Any]:
    """Values of the release. One replica on one volume, so the old pod must go before the new one comes."""
    ca_mount = {"name": "cluster-ca", "mountPath": CA_DIRECTORY, "readOnly": True}
    return {
        "replicaCount": 1,
        "strategy": {"type": "Recreate"},
        "image": {"fullOverride": GITEA},
        "postgresql-ha": {"enabled": False},
        "postgresql": {"enabled": False},
        "valkey-cluster": {"enabled": False},
        "valkey": {"enabled": False},
        "test": {"enabled": False},
        "podSecurityContext": {**restricted_pod(USER_ID), "fsGroupChangePolicy": "OnRootMismatch"},
        "containerSecurityContext": restricted_container(),
        # An account of its own, whose token the chart mounts nowhere, unlike that of the namespace's default account.
        "serviceAccount": {"create": True},
        "resources": resources("100m", _MEMORY),
        # One of them migrates the database; as much as the server has costs nothing, since they run before it.
        "initContainers": {"resources": resources("50m", _MEMORY)},
        "persistence": {"size": args.settings.size, "storageClass": args.storage_class},
        "service": _services(args),
        "ingress": _ingress(args),
        "deployment": {"annotations": dict(RELOADER_AUTO), "env": [_TRUST, *_at_every_start(args.secrets)]},
        "extraVolumes": [{"name": "cluster-ca", "configMap": {"name": args.ca_config_map}}],
        "extraContainerVolumeMounts": [ca_mount],
        "extraInitVolumeMounts": [ca_mount],
        "postExtraInitContainers": [container(_login_source(args, ca_mount))],
        "gitea": _gitea(args),
    }


def _services(args: GiteaValues) -> dict[str, Any]:
    return {
        "ssh": {
            "type": "LoadBalancer",
            "annotations": dict(args.ssh_annotations),
        }
    }


def _ingress(args: GiteaValues) -> dict[str, Any]:
    return {
        "enabled": True,
        "className": INGRESS_CLASS,
        "hosts": [{"host": args.settings.host, "paths": [{"path": "/"}]}],
        "tls": [{"hosts": [args.settings.host], "secretName": args.secrets.tls}],
    }


def _gitea(args: GiteaValues) -> dict[str, Any]:
    secrets = args.secrets
    return {
        # Its password follows the Secret at every start.
        "admin": {"existingSecret": secrets.admin, "email": args.settings.admin_email, "passwordMode": "keepUpdated"},
        "additionalConfigFromEnvs": [
            from_secret("GITEA__SECURITY__SECRET_KEY", secrets.encryption, "secret-key"),
            from_secret("GITEA__DATABASE__PASSWD", secrets.database, "password"),
            from_secret("GITEA__CACHE__HOST", secrets.valkey, "cache"),
            from_secret("GITEA__SESSION__PROVIDER_CONFIG", secrets.valkey, "session"),
            from_secret("GITEA__QUEUE__CONN_STR", secrets.valkey, "queue"),
        ],
        "config": config(args.settings),
        # A TCP probe would call a Gitea ready that cannot reach its database. None takes the chart's own handler away:
        # the API server refuses a probe with two.
        "readinessProbe": {"httpGet": {"path": "/api/healthz", "port": "http"}, "tcpSocket": None},
    }


def _at_every_start(secrets: GiteaSecrets) -> list[dict[str, Any]]:
    """Variables of what may change. Gitea makes the token of the runners the valid one when it starts
    (services/actions/init.go).
    """
    runners = secrets.runner_registration
    return [
        from_secret("GITEA__METRICS__TOKEN", secrets.metrics, "token"),
        from_secret("GITEA__SECURITY__INTERNAL_TOKEN", secrets.server, "internal-token"),
        from_secret("GITEA__OAUTH2__JWT_SECRET", secrets.server, "jwt-secret"),
        from_secret("GITEA__SERVER__LFS_JWT_SECRET", secrets.server, "lfs-jwt-secret"),
        *([from_secret("GITEA_RUNNER_REGISTRATION_TOKEN", runners, "token")] if runners is not None else ()),
    ]


def _login_source(args: GiteaValues, ca_mount: Mapping[str, Any]) -> LoginSource:
    return LoginSource(
        application=args.application,
        user_group=args.settings.user_group,
        admin_group=args.settings.admin_group,
        group_team_map=group_team_map(args.settings.organisations),
        client_secret=from_secret("CLIENT_SECRET", args.secrets.oidc, "client-secret"),
        trust=_TRUST,
        mounts=[ca_mount],
    )
