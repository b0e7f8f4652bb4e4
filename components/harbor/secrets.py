"""Secrets of Harbor. Names of workloads are those of the chart harbor 1.19.2."""

from components.harbor.names import NAMESPACE
from declarations.shared_secrets import database, valkey_user
from lib.secrets import Field, Kind, Reader, SecretDeclaration, password
from settings.model import Settings

_CORE = ("Deployment/harbor-core",)
_JOBS = ("Deployment/harbor-jobservice",)
_REGISTRY = ("Deployment/harbor-registry",)
_SCANNER = ("StatefulSet/harbor-trivy",)

REGISTRY_USER = "harbor_registry_user"


_SCHEDULE = "the schedule of the garbage collection, which a Job writes again once core has started anew"


def _in_harbor(secret: str, *workloads: tuple[str, ...], keeps: str = "") -> Reader:
    return Reader(namespace=NAMESPACE, secret=secret, restarts=sum(workloads, ()), keeps=keeps)


LOGIN = (_in_harbor("oidc", _CORE),)
"""Who reads the client secret of the login besides Authentik."""


def declare(settings: Settings) -> tuple[SecretDeclaration, ...]:
    return (
        database("harbor", _in_harbor("database", _CORE, _JOBS)),
        valkey_user("harbor", _in_harbor("valkey", _CORE, _JOBS, _REGISTRY, _SCANNER, keeps=_SCHEDULE)),
        SecretDeclaration(
            path="harbor/admin",
            fields=(password("password"),),
            readers=(_in_harbor("admin", _CORE, keeps="Harbor's database"),),
            permanent="only the first start reads it; change the password of `admin` in Harbor",
        ),
        SecretDeclaration(
            path="harbor/encryption",
            fields=(password("secret-key", 16),),  # a key of AES-128
            readers=(_in_harbor("encryption", _CORE),),
            permanent="Harbor encrypts columns of its database with it",
        ),
        _harbor_server(),
        SecretDeclaration(
            path="harbor/registry",
            fields=(
                password("password"),
                Field(name="htpasswd", kind=Kind.HTPASSWD, of="password", literal=REGISTRY_USER),
            ),
            readers=(_in_harbor("registry-credentials", _CORE, _JOBS, _REGISTRY),),
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
            _in_harbor("server", _CORE, _JOBS, _REGISTRY),
            _in_harbor("token", _CORE),
        ),
        window="pushes and pulls under way fail and are to be tried again, until all three have restarted",
    )
