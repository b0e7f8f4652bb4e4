"""Values of the matrix-stack chart 26.8.1 (Element Server Suite): Synapse, Matrix Authentication Service, Element Web.

Its schema is strict. Every secret is referenced, so the hook Job that would generate them is off, and with it the
markers that guard a later switch of the authentication service: here it is the only one there ever was.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from lib.kubernetes import RELOADER_AUTO
from lib.names import INGRESS_CLASS, POSTGRES_HOST
from lib.oidc import MATRIX_UPSTREAM_ID, OidcApplication

_CA_DIRECTORY = "/etc/cluster-ca"
_OIDC_DIRECTORY = "/etc/oidc"


@dataclass(frozen=True, kw_only=True)
class MatrixSecrets:
    """Names of the Secrets: `synapse_database` and `mas_database` (password), `synapse` (signing-key, macaroon,
    registration-shared-secret), `mas` (encryption-secret, rsa-key, ec-key), `shared` (synapse-shared-secret), `oidc`
    (client-secret), `tls` (for all four hosts). The chart mounts each whole, so what both sides read stands alone.
    """

    synapse_database: Any
    mas_database: Any
    synapse: Any
    mas: Any
    shared: Any
    oidc: Any
    tls: Any


@dataclass(frozen=True, kw_only=True)
class MatrixValues:
    """Inputs of the values.

    Attributes:
        host: Host of Element Web.
        server_name: Domain part of user ids; its host serves the delegation below /.well-known/matrix.
        ca_config_map: ConfigMap with the cluster's CA under `ca.crt`.
    """

    host: str
    server_name: Any
    synapse_host: str
    account_host: str
    application: OidcApplication
    secrets: MatrixSecrets
    ca_config_map: Any
    storage_class: Any
    media_size: str


def values(args: MatrixValues) -> dict[str, Any]:
    """Values of the release. Requests, limits and restricted security contexts are the chart's own."""
    return {
        "serverName": args.server_name,
        "ingress": {"className": INGRESS_CLASS, "tlsSecret": args.secrets.tls},
        "initSecrets": {"enabled": False},
        "deploymentMarkers": {"enabled": False},
        "postgres": {"enabled": False},
        "matrixRTC": {"enabled": False},
        "elementAdmin": {"enabled": False},
        "hookshot": {"enabled": False},
        "elementWeb": {"ingress": {"host": args.host}},
        # The domain belongs to the whole platform: its root page stays free.
        "wellKnownDelegation": {"baseDomainRedirect": {"enabled": False}},
        "synapse": _synapse(args),
        "matrixAuthenticationService": _authentication_service(args),
    }


def _synapse(args: MatrixValues) -> dict[str, Any]:
    secret = args.secrets.synapse
    return {
        "annotations": dict(RELOADER_AUTO),
        "ingress": {"host": args.synapse_host},
        "postgres": _postgres("synapse", args.secrets.synapse_database),
        "signingKey": _key(secret, "signing-key"),
        "macaroon": _key(secret, "macaroon"),
        "registrationSharedSecret": _key(secret, "registration-shared-secret"),
        "media": {"storage": {"size": args.media_size, "storageClassName": args.storage_class}},
    }


def _authentication_service(args: MatrixValues) -> dict[str, Any]:
    secret = args.secrets.mas
    return {
        "annotations": dict(RELOADER_AUTO),
        "ingress": {"host": args.account_host},
        "postgres": _postgres("mas", args.secrets.mas_database),
        "encryptionSecret": _key(secret, "encryption-secret"),
        "synapseSharedSecret": _key(args.secrets.shared, "synapse-shared-secret"),
        "privateKeys": {"rsa": _key(secret, "rsa-key"), "ecdsaPrime256v1": _key(secret, "ec-key")},
        # Merged over the chart's defaults and below what the chart insists on.
        "additional": {
            "login.yaml": {"config": yaml.safe_dump(login_configuration(args.application), sort_keys=False)}
        },
        # It talks to Authentik and to nothing else by TLS, and its Rust library trusts either this file or the system.
        "extraEnv": [{"name": "SSL_CERT_FILE", "value": f"{_CA_DIRECTORY}/ca.crt"}],
        "extraVolumes": [
            {"name": "cluster-ca", "configMap": {"name": args.ca_config_map}},
            {"name": "oidc", "secret": {"secretName": args.secrets.oidc}},
        ],
        "extraVolumeMounts": [
            {"name": "cluster-ca", "mountPath": _CA_DIRECTORY, "readOnly": True},
            {"name": "oidc", "mountPath": _OIDC_DIRECTORY, "readOnly": True},
        ],
    }


def login_configuration(application: OidcApplication) -> dict[str, Any]:
    """Configuration of the authentication service: Authentik is the only login, and the client secret is a file.

    Keys: docs/reference/configuration.md of element-hq/matrix-authentication-service.
    """
    return {
        "passwords": {"enabled": False},
        "account": {"email_change_allowed": False},  # it comes with each new login
        "upstream_oauth2": {
            "providers": [
                {
                    "id": MATRIX_UPSTREAM_ID,
                    "human_name": "Authentik",
                    "issuer": application.issuer,
                    "client_id": application.client_id,
                    "client_secret_file": f"{_OIDC_DIRECTORY}/client-secret",
                    "token_endpoint_auth_method": "client_secret_basic",
                    "id_token_signed_response_alg": "RS256",
                    "scope": " ".join(application.scopes),
                    "claims_imports": {
                        # Nothing is left to choose, so a new person is not asked.
                        "skip_confirmation": True,
                        "localpart": {"action": "require", "template": "{{ user.preferred_username }}"},
                        "displayname": {"action": "force", "template": "{{ user.name }}"},
                        "email": {"action": "force", "template": "{{ user.email }}"},
                    },
                }
            ]
        },
    }


def _postgres(name: str, secret: Any) -> dict[str, Any]:
    return {
        "host": POSTGRES_HOST,
        "port": 5432,
        "user": name,
        "database": name,
        "sslMode": "require",
        "password": _key(secret, "password"),
    }


def _key(secret: Any, key: str) -> dict[str, Any]:
    return {"secret": secret, "secretKey": key}
