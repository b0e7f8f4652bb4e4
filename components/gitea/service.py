"""What Gitea is to the rest of the program."""

from components.gitea import checks, login, secrets
from components.gitea.configuration import HTTP_PORT
from components.gitea.databases import DATABASES, VALKEY
from components.gitea.monitors import monitors
from components.gitea.names import NAMESPACE, RUNNER_NAMESPACE
from components.gitea.settings import USER_NAMES, GiteaSettings
from components.gitea.values import SSH_PORT
from components.gitea.volumes import VOLUMES
from declarations.service import Openings, Service, Smoke
from lib.images import GITEA_RUNNER
from lib.kubernetes import mebibytes
from settings.model import Settings

_MEMORY = 1024
_STARTER = """\
    host: git.{domain}
    userGroup: users
    adminGroup: admins
    adminEmail: gitea-admin@{domain} # of the break-glass account
"""


def _memory(settings: Settings) -> int:
    actions = settings.section(GiteaSettings).actions
    return _MEMORY + (mebibytes(actions.memory) * actions.runners if actions.enabled else 0)


def _images(settings: Settings) -> tuple[str, ...]:
    actions = settings.section(GiteaSettings).actions
    return (GITEA_RUNNER, actions.image) if actions.enabled else ()


def _runner_namespace(settings: Settings) -> tuple[str, ...]:
    return (RUNNER_NAMESPACE,) if settings.section(GiteaSettings).actions.enabled else ()


GITEA = Service(
    slug="gitea",
    namespace=NAMESPACE,
    section=GiteaSettings,
    application=login.application,
    component="components.gitea.server:Gitea",
    login_checks=login.checks,
    smoke=Smoke(
        login=login.start,
        look="Gitea's log; the login source: kubectl -n gitea logs deployment/gitea -c login-source",
        account="components.gitea.smoke:account",
        doors="components.gitea.smoke:doors",
    ),
    secrets=secrets.declare,
    client_readers=secrets.LOGIN,
    databases=DATABASES,
    valkey_users={"gitea": VALKEY},
    more_namespaces=_runner_namespace,
    openings=lambda _: Openings(routed=(HTTP_PORT,), anyone=(SSH_PORT,), metrics=(HTTP_PORT,)),
    monitors=monitors,
    user_names=USER_NAMES,
    checks=checks.ALL,
    chart="gitea",
    images=_images,
    memory=_memory,
    volumes=VOLUMES,
    holds="repositories, issues and packages",
    starter=_STARTER,
)
