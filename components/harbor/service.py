"""What Harbor is to the rest of the program."""

from components.harbor import checks, login, robots, secrets
from components.harbor.databases import DATABASES, VALKEY
from components.harbor.monitors import monitors
from components.harbor.names import NAMESPACE
from components.harbor.settings import USER_NAMES, HarborSettings
from components.harbor.values import METRICS_PORT, ROUTED_PORT
from components.harbor.volumes import VOLUMES
from declarations.service import Openings, Service, Smoke
from lib.images import HARBOR_TRIVY

_MEMORY, _EXPORTER_MEMORY = 2752, 128
_STARTER = """\
    host: registry.{domain}
    userGroup: users
    adminGroup: admins
"""


HARBOR = Service(
    slug="harbor",
    namespace=NAMESPACE,
    section=HarborSettings,
    application=login.application,
    component="components.harbor.server:Harbor",
    login_checks=login.checks,
    smoke=Smoke(
        login=login.start,
        look="kubectl -n harbor logs deployment/harbor-core; CONFIG_OVERWRITE_JSON of the Secret oidc",
        account="components.harbor.smoke:account",
    ),
    secrets=secrets.declare,
    accounts=robots.declare,
    account_problems=robots.problems,
    client_readers=secrets.LOGIN,
    databases=DATABASES,
    valkey_users={"harbor": VALKEY},
    openings=lambda settings: Openings(
        routed=(ROUTED_PORT,), metrics=(METRICS_PORT,) if settings.monitoring.enabled else ()
    ),
    monitors=monitors,
    user_names=USER_NAMES,
    checks=checks.ALL,
    chart="harbor",
    images=lambda _: (HARBOR_TRIVY,),
    memory=lambda settings: _MEMORY + (_EXPORTER_MEMORY if settings.monitoring.enabled else 0),
    volumes=VOLUMES,
    holds="images",
    starter=_STARTER,
)
