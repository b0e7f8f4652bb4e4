"""Secrets of Gitea. Names of workloads are those of the chart gitea 12.6.0."""

from dataclasses import replace

from components.gitea import repository
from components.gitea.names import ADMINISTRATOR, FLUX, NAMESPACE, RUNNER_NAMESPACE
from components.gitea.settings import GiteaSettings
from declarations.shared_secrets import database, valkey_user
from lib.names import MONITORING, SystemNamespace
from lib.secrets import Field, Kind, Reader, SecretDeclaration, literal, password
from settings.model import Settings

_GITEA = ("Deployment/gitea",)

RUNNER_TOKEN = "gitea/runner-registration"
"""Path of the token with which runners register themselves; its field is `token`."""


METRICS_SECRET = "metrics"
"""Secret with the token with which metrics are read, key `token`."""

_FILE = "`app.ini` on Gitea's volume, which an init container writes at each start"
_DATABASE = "Gitea's database, where each start sets it"


def _in_gitea(secret: str, keeps: str = _FILE) -> Reader:
    return Reader(namespace=NAMESPACE, secret=secret, restarts=_GITEA, keeps=keeps)


LOGIN = (_in_gitea("oidc", f"{_DATABASE} (scripts/login_source.sh)"),)
"""Who reads the client secret of the login besides Authentik."""


def declare(settings: Settings) -> tuple[SecretDeclaration, ...]:
    monitoring = (MONITORING,) if settings.monitoring.enabled else ()
    return (
        database("gitea", _in_gitea("database")),
        valkey_user("gitea", _in_gitea("valkey")),
        SecretDeclaration(
            path="gitea/admin",
            fields=(literal("username", ADMINISTRATOR), password("password")),
            readers=(_in_gitea("admin", _DATABASE),),
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
        SecretDeclaration(
            path="gitea/metrics",
            fields=(password("token", 48),),
            readers=(replace(_in_gitea(METRICS_SECRET), reflect_to=monitoring),),
            window="nobody reads metrics until the new pod of Gitea has started",
        ),
        *((_runner_registration(),) if settings.section(GiteaSettings).actions.enabled else ()),
        *((_flux(),) if repository.source(settings) is not None else ()),
    )


def _flux() -> SecretDeclaration:
    return SecretDeclaration(
        path=repository.SECRET_PATH,
        fields=(literal("username", FLUX), password("password")),
        readers=(
            Reader(
                namespace=NAMESPACE,
                secret=repository.SECRET,
                keeps="Gitea's database",
                follows="a Job tells Gitea the new password; Flux reads the Secret at each look",
                reflect_to=(SystemNamespace.FLUX,),
            ),
        ),
        window="Flux finds no new commit until the Job has run; what it applied stays",
    )


def _runner_registration() -> SecretDeclaration:
    return SecretDeclaration(
        path=RUNNER_TOKEN,
        # At least 32 (services/actions/init.go of Gitea).
        fields=(password("token", 48),),
        readers=(
            _in_gitea("runner-registration", _DATABASE),
            Reader(
                namespace=RUNNER_NAMESPACE,
                secret="registration",
                restarts=("StatefulSet/gitea-runner",),
            ),
        ),
        window="no new runner can register itself until the new pod of Gitea has started; the others have own tokens",
    )
