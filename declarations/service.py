"""What a service declares of itself; everything that names all services is a loop over such declarations."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from declarations.databases import Database, ValkeyUser
from declarations.login_checks import LoginCheck
from declarations.monitors import Monitor
from declarations.oidc import OidcApplication
from declarations.volumes import Volume
from lib.secrets import Reader, SecretDeclaration
from settings.model import Settings
from settings.problem import Problem
from settings.service import ServiceSection
from settings.user_names import UserNames

Check = Callable[[Settings], Iterator[Problem]]


@dataclass(frozen=True, kw_only=True)
class Openings:
    """TCP ports of pods, beside what these may reach of each other: to Traefik, to anyone, and to the monitoring."""

    routed: Sequence[int]
    anyone: Sequence[int] = ()
    metrics: Sequence[int] = ()


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """What `make smoke` asks of a service.

    Attributes:
        login: URL at which the browser's login starts.
        look: Where to look when it fails.
        account: `module:function` of who the service takes a person for, as smoke/checks/people.py calls it; without
            one, that the service answers after the login is all that is asked.
        doors: `module:function` of what else is asked without an account, as smoke/checks/doors.py calls it.
    """

    login: Callable[[Settings], str]
    look: str
    account: str = ""
    doors: str = ""


def _nothing(_: Settings) -> tuple[Any, ...]:
    return ()


def _no_problems(_settings: Settings, _namespaces: Collection[str]) -> Iterator[Problem]:
    return iter(())


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service of phase 4.

    Attributes:
        slug: Name of its section, its application in Authentik, its component and its folder.
        namespace: Its own namespace.
        section: Type of its section of the stack file.
        application: Its login.
        component: `module:class` of its component, whose arguments are ServiceArgs. It is not imported here, so that a
            stack file is read without Pulumi's SDKs.
        login_checks: What its gate asks, and `make smoke` from outside.
        secrets: Secrets of the service itself. While it is off, the permanent ones stay.
        openings: Ports of its namespace.
        accounts: Secrets of accounts that the stack file declares in it.
        account_problems: What is wrong with those, given the namespaces that may get copies.
        client_readers: Who reads the client secret of the login besides Authentik.
        databases: Its databases by name.
        valkey_users: Its users of Valkey by name.
        more_namespaces: Others that it makes, beside its own.
        monitors: Where it serves metrics.
        user_names: Names of people that it takes.
        checks: Checks of the stack file that are about it.
        chart: Name of its chart in lib/charts.py; empty where it has none.
        images: Images that it runs beside those of the chart.
        memory: Memory that its pods ask for, in MiB (register/footprint.py).
        volumes: What of it is backed up beside its databases.
        holds: What people stored in it, in the words of what a destroy takes along.
        starter: Its section in a new stack file, whose groups are users and admins; `{domain}` is the stack's.
        double: `module:function` of what answers for its pods in the lab, as lab/services.py calls it; of a chart that
            is written there.
    """

    slug: str
    namespace: str
    section: type[ServiceSection]
    application: Callable[[Settings], OidcApplication]
    component: str
    login_checks: Callable[[Settings], Sequence[LoginCheck]]
    smoke: Smoke
    openings: Callable[[Settings], Openings]
    memory: Callable[[Settings], int]
    holds: str
    starter: str
    secrets: Callable[[Settings], Sequence[SecretDeclaration]] = _nothing
    accounts: Callable[[Settings], Sequence[SecretDeclaration]] = _nothing
    account_problems: Callable[[Settings, Collection[str]], Iterator[Problem]] = _no_problems
    client_readers: Sequence[Reader] = ()
    databases: Mapping[str, Database] = field(default_factory=dict)
    valkey_users: Mapping[str, ValkeyUser] = field(default_factory=dict)
    more_namespaces: Callable[[Settings], Sequence[str]] = _nothing
    volumes: Sequence[Volume] = ()
    monitors: Callable[[Settings], Sequence[Monitor]] = _nothing
    user_names: UserNames = field(default_factory=UserNames)
    checks: Sequence[Check] = ()
    chart: str = ""
    images: Callable[[Settings], Sequence[str]] = _nothing
    double: str = ""

    def enabled(self, settings: Settings) -> bool:
        """Whether it is switched on."""
        return settings.section(self.section).enabled

    def namespaces(self, settings: Settings) -> tuple[str, ...]:
        """Namespaces that there are while it is on."""
        return (self.namespace, *self.more_namespaces(settings))
