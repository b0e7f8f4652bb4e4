"""What chat is to the rest of the program."""

from components.matrix import checks, login, secrets
from components.matrix.databases import DATABASES
from components.matrix.monitors import monitors
from components.matrix.names import NAMESPACE
from components.matrix.settings import USER_NAMES, MatrixSettings
from components.matrix.values import METRICS_PORTS, ROUTED_PORTS
from components.matrix.volumes import VOLUMES
from declarations.service import Openings, Service, Smoke

_MEMORY = 350
_STARTER = """\
    host: chat.{domain}
    serverName: {domain} # part of every user id; can never change
    synapseHost: matrix.{domain}
    accountHost: account.{domain}
    adminHost: matrix-admin.{domain}
    userGroup: users
    adminGroup: admins
"""

MATRIX = Service(
    slug="matrix",
    namespace=NAMESPACE,
    section=MatrixSettings,
    application=login.application,
    component="components.matrix.server:Matrix",
    login_checks=login.checks,
    smoke=Smoke(
        login=login.start,
        look="the log of the Matrix authentication service; claims_imports of its provider",
        account="components.matrix.smoke:account",
        doors="components.matrix.smoke:doors",
    ),
    secrets=secrets.declare,
    client_readers=secrets.LOGIN,
    databases=DATABASES,
    openings=lambda _: Openings(routed=ROUTED_PORTS, metrics=METRICS_PORTS),
    monitors=monitors,
    user_names=USER_NAMES,
    checks=checks.ALL,
    chart="matrix-stack",
    memory=lambda _: _MEMORY,
    volumes=VOLUMES,
    holds="accounts, rooms and messages",
    starter=_STARTER,
)
