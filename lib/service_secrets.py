"""Secrets of the services of phase 4, with every Kubernetes Secret that each is part of.

Names of workloads are those of the charts: gitea 12.6.0, harbor 1.19.2, matrix-stack 26.8.1.
"""

from lib.names import Namespace
from lib.platform_secrets import database, valkey_user
from lib.secrets import Field, Kind, Reader, SecretDeclaration, literal, password

_GITEA = ("Deployment/gitea",)
_HARBOR_CORE = ("Deployment/harbor-core",)
_HARBOR_JOBS = ("Deployment/harbor-jobservice",)
_HARBOR_REGISTRY = ("Deployment/harbor-registry",)
_HARBOR_SCANNER = ("StatefulSet/harbor-trivy",)
_SYNAPSE = ("StatefulSet/matrix-synapse-main",)
_MAS = ("Deployment/matrix-matrix-authentication-service",)

HARBOR_REGISTRY_USER = "harbor_registry_user"


def _in_gitea(secret: str) -> Reader:
    return Reader(namespace=Namespace.GITEA, secret=secret, restarts=_GITEA)


def _in_harbor(secret: str, *workloads: tuple[str, ...]) -> Reader:
    return Reader(namespace=Namespace.HARBOR, secret=secret, restarts=sum(workloads, ()))


def _in_matrix(secret: str, *workloads: tuple[str, ...]) -> Reader:
    return Reader(namespace=Namespace.MATRIX, secret=secret, restarts=sum(workloads, ()))


OIDC_CLIENTS = {
    "gitea": (_in_gitea("oidc"),),
    "harbor": (_in_harbor("oidc", _HARBOR_CORE),),
    "matrix": (_in_matrix("oidc", _MAS),),
}
"""Who reads the client secret of a login besides Authentik, by the slug of its application."""


def gitea() -> tuple[SecretDeclaration, ...]:
    return (
        database("gitea", _in_gitea("database")),
        valkey_user("gitea", _in_gitea("valkey")),
        SecretDeclaration(
            path="gitea/admin",
            fields=(literal("username", "gitea-breakglass"), password("password")),
            readers=(_in_gitea("admin"),),
            window="the old password works until the new pod of Gitea has started",
        ),
        SecretDeclaration(
            path="gitea/encryption",
            fields=(password("secret-key", 64),),
            readers=(_in_gitea("encryption"),),
            # https://github.com/go-gitea/gitea/issues/16832
            permanent="Gitea encrypts columns of its database with it",
        ),
        SecretDeclaration(
            path="gitea/server",
            fields=(
                password("internal-token", 64),
                Field(name="jwt-secret", kind=Kind.BASE64URL, size=32),
                Field(name="lfs-jwt-secret", kind=Kind.BASE64URL, size=32),
            ),
            readers=(_in_gitea("server"),),
            window="tokens that Gitea issued as an OAuth provider, and transfers of large files, begin anew",
        ),
    )


def harbor() -> tuple[SecretDeclaration, ...]:
    return (
        database("harbor", _in_harbor("database", _HARBOR_CORE, _HARBOR_JOBS)),
        valkey_user("harbor", _in_harbor("valkey", _HARBOR_CORE, _HARBOR_JOBS, _HARBOR_REGISTRY, _HARBOR_SCANNER)),
        SecretDeclaration(
            path="harbor/admin",
            fields=(password("password"),),
            readers=(_in_harbor("admin", _HARBOR_CORE),),
            permanent="only the first start reads it; change the password of `admin` in Harbor",
        ),
        SecretDeclaration(
            path="harbor/encryption",
            fields=(password("secret-key", 16),),  # a key of AES-128
            readers=(_in_harbor("encryption", _HARBOR_CORE),),
            permanent="Harbor encrypts columns of its database with it",
        ),
        _harbor_server(),
        SecretDeclaration(
            path="harbor/registry",
            fields=(
                password("password"),
                Field(name="htpasswd", kind=Kind.HTPASSWD, of="password", literal=HARBOR_REGISTRY_USER),
            ),
            readers=(_in_harbor("registry-credentials", _HARBOR_CORE, _HARBOR_JOBS, _HARBOR_REGISTRY),),
            window="core cannot reach the registry until both have restarted; the registry knows one password",
        ),
    )


def _harbor_server() -> SecretDeclaration:
    return SecretDeclaration(
        path="harbor/server",
        fields=(
            password("core-secret", 16),
            password("xsrf-key", 32),
            password("jobservice-secret", 16),
            password("registry-http-secret", 16),
            Field(name="token-key", kind=Kind.RSA_PRIVATE_KEY, size=4096),
            Field(name="token-certificate", kind=Kind.RSA_CERTIFICATE, of="token-key"),
        ),
        readers=(
            _in_harbor("server", _HARBOR_CORE, _HARBOR_JOBS, _HARBOR_REGISTRY),
            _in_harbor("token", _HARBOR_CORE),
        ),
        window="pushes and pulls under way fail and are to be tried again, until all three have restarted",
    )


def matrix() -> tuple[SecretDeclaration, ...]:
    return (
        database("synapse", _in_matrix("synapse-database", _SYNAPSE)),
        database("mas", _in_matrix("mas-database", _MAS)),
        SecretDeclaration(
            path="matrix/signing-key",
            fields=(Field(name="signing-key", kind=Kind.SYNAPSE_SIGNING_KEY),),
            readers=(_in_matrix("synapse", _SYNAPSE),),
            permanent="other servers know the homeserver by it",
        ),
        SecretDeclaration(
            path="matrix/mas-encryption",
            fields=(Field(name="encryption-secret", kind=Kind.HEX, size=32),),
            readers=(_in_matrix("mas", _MAS),),
            permanent="the authentication service encrypts columns of its database with it",
        ),
        SecretDeclaration(
            path="matrix/synapse",
            fields=(password("macaroon"), password("registration-shared-secret")),
            readers=(_in_matrix("synapse", _SYNAPSE),),
        ),
        SecretDeclaration(
            path="matrix/mas",
            fields=(
                password("synapse-shared-secret"),
                # Both kinds are asked for: clients may insist on RS256 or on ES256.
                Field(name="rsa-key", kind=Kind.RSA_PRIVATE_KEY, size=4096),
                Field(name="ec-key", kind=Kind.EC_PRIVATE_KEY),
            ),
            readers=(_in_matrix("mas", _MAS), _in_matrix("mas-shared", _MAS, _SYNAPSE)),
            # The old keys cannot stay beside the new ones: the chart writes the list `keys`, and files of `keys_dir`
            # come before it (matrix-authentication-service, crates/config/src/sections/secrets.rs).
            window="ID tokens signed before are worthless; chat stops until Synapse and the service have restarted",
        ),
    )
