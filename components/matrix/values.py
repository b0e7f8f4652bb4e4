"""Values of the matrix-stack chart 26.8.1 (Element Server Suite): Synapse, Matrix Authentication Service, Element Web.

Its schema is strict. Every secret is referenced, so the hook Job that would generate them is off, and with it the
markers that guard a later switch of the authentication service: here it is the only one there ever was.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import yaml

from components.matrix import authentication, element, homeserver
from components.matrix.settings import MatrixSettings
from declarations.oidc import OidcApplication
from lib.images import HAPROXY, parts
from lib.kubernetes import RELOADER_AUTO
from lib.names import CA_DIRECTORY, INGRESS_CLASS, POSTGRES_HOST, POSTGRES_PORT

RELEASE = "matrix"
METRICS_PORTS = (9001, 8405, 8081)
"""Of Synapse, HAProxy and the authentication service (the chart's containerPorts)."""
ELEMENT_PORT = 8080
ROUTED_PORTS = (8008, 8009, 8010, 8080)
"""Of HAProxy (Synapse, closed paths, .well-known); and of the authentication service and both Elements."""
_WITHOUT_MONITORS: dict[str, Any] = {"serviceMonitors": {"enabled": False}}
"""By default the chart makes one wherever the kind is known; those of the program are in monitors.py."""

_OIDC_DIRECTORY, _SESSIONS_DIRECTORY = "/etc/oidc", "/etc/sessions"


@dataclass(frozen=True, kw_only=True)
class MatrixSecrets:
    """Names of the Secrets: `synapse_database` and `mas_database` (password), `synapse` (signing-key, macaroon,
    registration-shared-secret), `mas` (encryption-secret, rsa-key, ec-key), `shared` (synapse-shared-secret), `oidc`
    and `sessions` (client-secret), `tls` (for all hosts). The chart mounts each whole, so what both sides read stands
    alone.
    """

    synapse_database: pulumi.Input[str]
    mas_database: pulumi.Input[str]
    synapse: pulumi.Input[str]
    mas: pulumi.Input[str]
    shared: pulumi.Input[str]
    oidc: pulumi.Input[str]
    sessions: pulumi.Input[str]
    tls: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class MatrixValues:
    """Inputs of the values.

    Attributes:
        administrators: User names of those who may administer the server.
        ca_config_map: ConfigMap with the cluster's CA under `ca.crt`.
    """

    settings: MatrixSettings
    application: OidcApplication
    administrators: Sequence[str]
    secrets: MatrixSecrets
    ca_config_map: pulumi.Input[str]
    storage_class: pulumi.Input[str]


def workload(component: str) -> dict[str, str]:
    """Labels of the pods of a workload (`app.kubernetes.io/instance` in the chart's helpers)."""
    return {"app.kubernetes.io/instance": f"{RELEASE}-{component}"}


def values(args: MatrixValues) -> dict[str, Any]:
    """Values of the release. Requests, limits and restricted security contexts are the chart's own."""
    return {
        "serverName": args.settings.server_name,
        # The chart pulls a tag anew at every start of a pod: after a power cut, without the internet, chat stays down.
        "image": {"pullPolicy": "IfNotPresent"},
        "ingress": {"className": INGRESS_CLASS, "tlsSecret": args.secrets.tls},
        "initSecrets": {"enabled": False},
        "deploymentMarkers": {"enabled": False},
        "postgres": {"enabled": False},
        # Calls need ports of nodes that the internet reaches, over UDP.
        "matrixRTC": {"enabled": False},
        "elementAdmin": _administration(args.settings),
        "hookshot": {"enabled": False},
        "elementWeb": {
            "ingress": {"host": args.settings.host},
            "additional": {"platform.json": json.dumps(element.configuration(args.settings), sort_keys=True)},
        },
        "haproxy": {"image": _haproxy(), **_WITHOUT_MONITORS},
        # The domain belongs to the whole platform: its root page stays free.
        "wellKnownDelegation": {"baseDomainRedirect": {"enabled": False}},
        "synapse": _synapse(args),
        "matrixAuthenticationService": _authentication_service(args),
    }


def _haproxy() -> dict[str, str]:
    image, tag = parts(HAPROXY)
    registry, _, repository = image.partition("/")
    return {"registry": registry, "repository": repository, "tag": tag}


def _administration(settings: MatrixSettings) -> dict[str, Any]:
    if settings.admin_host is None:
        return {"enabled": False}
    return {"enabled": True, "ingress": {"host": settings.admin_host}}


def _synapse(args: MatrixValues) -> dict[str, Any]:
    secret, settings = args.secrets.synapse, args.settings
    return {
        "annotations": dict(RELOADER_AUTO),
        "ingress": {"host": settings.synapse_host, "additionalPaths": _closed(settings)},
        "postgres": _postgres("synapse", args.secrets.synapse_database),
        "signingKey": _key(secret, "signing-key"),
        "macaroon": _key(secret, "macaroon"),
        "registrationSharedSecret": _key(secret, "registration-shared-secret"),
        "media": {
            "storage": {
                "size": settings.media_size,
                "storageClassName": args.storage_class,
                "resourcePolicy": "keep",
            },
            "maxUploadSize": settings.max_upload_size,
        },
        "additional": {"platform.yaml": {"config": _yaml(homeserver.configuration(settings))}},
        **_WITHOUT_MONITORS,
    }


def _closed(settings: MatrixSettings) -> list[dict[str, Any]]:
    """Paths of the ingress that HAProxy answers with 403; inside the cluster they stay open."""
    return [{"path": path, "availability": "blocked"} for path in homeserver.closed_paths(settings)]


def _authentication_service(args: MatrixValues) -> dict[str, Any]:
    secret = args.secrets.mas
    files = (f"{directory}/client-secret" for directory in (_OIDC_DIRECTORY, _SESSIONS_DIRECTORY))
    login = authentication.configuration(args.application, args.administrators, *files)
    return {
        "annotations": dict(RELOADER_AUTO),
        "ingress": {"host": args.settings.account_host},
        "postgres": _postgres("mas", args.secrets.mas_database),
        "encryptionSecret": _key(secret, "encryption-secret"),
        "synapseSharedSecret": _key(args.secrets.shared, "synapse-shared-secret"),
        "privateKeys": {"rsa": _key(secret, "rsa-key"), "ecdsaPrime256v1": _key(secret, "ec-key")},
        # Merged over the chart's defaults and below what the chart insists on.
        "additional": {"login.yaml": {"config": _yaml(login)}},
        # It talks to Authentik and to nothing else by TLS, and its Rust library trusts either this file or the system.
        "extraEnv": [{"name": "SSL_CERT_FILE", "value": f"{CA_DIRECTORY}/ca.crt"}],
        "extraVolumes": [
            {"name": "cluster-ca", "configMap": {"name": args.ca_config_map}},
            {"name": "oidc", "secret": {"secretName": args.secrets.oidc}},
            {"name": "sessions", "secret": {"secretName": args.secrets.sessions}},
        ],
        "extraVolumeMounts": [
            {"name": "cluster-ca", "mountPath": CA_DIRECTORY, "readOnly": True},
            {"name": "oidc", "mountPath": _OIDC_DIRECTORY, "readOnly": True},
            {"name": "sessions", "mountPath": _SESSIONS_DIRECTORY, "readOnly": True},
        ],
        **_WITHOUT_MONITORS,
    }


def _yaml(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False)


def _postgres(name: str, secret: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "host": POSTGRES_HOST,
        "port": POSTGRES_PORT,
        "user": name,
        "database": name,
        "sslMode": "require",
        "password": _key(secret, "password"),
    }


def _key(secret: pulumi.Input[str], key: str) -> dict[str, Any]:
    return {"secret": secret, "secretKey": key}
