"""The acceptance suite against the simulated cluster: doubles of its services on the loopback, behind its own names.

A host is served where the cluster leads it, with the certificate that cert-manager put into the Secret for it, and the
suite trusts the CA that the stack gives out. Every service is told what its release and its Secrets say
(lab/services.py). Nobody's password is known: each person of the world has the one that their double has.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any

from components.gitea.settings import GiteaSettings
from components.harbor import pull_secret
from components.harbor.settings import HarborSettings
from doubles.authentik import Person as Account
from doubles.certificates import Authority, server
from doubles.client import Answer
from doubles.loopback import Reply, greeting
from doubles.platform import API, running, ssh_words
from lab.providers import certificates
from lab.providers.acme import stand_ins
from lab.providers.authentik.instance import Instance
from lab.providers.kubernetes.cluster import RELEASES, Cluster
from lab.providers.kubernetes.endpoints import UnreachableError, locate
from lab.providers.kubernetes.pods import data_of
from lab.services import api_server, authentik, behind
from lib.secret_state import outputs
from settings.identity import User
from settings.model import Settings
from smoke.authentik import Person
from smoke.check import Check, Result, run
from smoke.checks import people, suite
from smoke.client import SSH_PORT, Address, Network, trusting
from smoke.kubernetes import ApiServer
from smoke.robots import robot
from smoke.site import Robot, Site

STRANGER, NEWCOMER = "lab-stranger", "lab-newcomer"
"""Two who were made by hand: one who is in no group, and one who may use whatever needs no second factor."""


@dataclass(frozen=True)
class Front:
    """What the network of the cluster leads to: who answers on each host, or why nobody does, and with which pair."""

    answers: Mapping[str, Answer]
    silent: Mapping[str, str]
    pairs: Mapping[str, tuple[bytes, bytes]]
    ssh: str


def front(cluster: Cluster, settings: Settings) -> Front:
    """Of every name of the platform, under the lock of the world."""
    answers, silent = {}, {}
    faults = cluster.site.faults.lies()
    auth = _authentik(cluster, settings, faults)
    for host in settings.resolved_names:
        try:
            backend = locate(cluster, f"https://{host}/")
        except UnreachableError as error:
            silent[host] = str(error)
            continue
        found = behind(cluster, backend, auth)
        answers[host] = found.get(host) or found.get("") or _nobody
    if api := api_server(cluster, faults):
        answers[API] = api
    return Front(answers, silent, dict(certificates.pairs(cluster)), _ssh(cluster, settings))


def _authentik(cluster: Cluster, settings: Settings, faults: Collection[str]) -> Answer:
    found = [one for one in cluster.world.view(RELEASES).values() if one["chart"] == "authentik"]
    return authentik(Instance(cluster, found[0], _guests(settings)), faults) if found else _nobody


def _nobody(_: object) -> Reply:
    return Reply(404, "404 page not found")


def _ssh(cluster: Cluster, settings: Settings) -> str:
    """Why git over SSH does not answer; empty when it does."""
    try:
        locate(cluster, f"ssh://git@{settings.section(GiteaSettings).ssh_name}:{SSH_PORT}")
    except UnreachableError as error:
        return str(error)
    return ""


def ask(cluster: Cluster, settings: Settings, state: Mapping[str, Any]) -> Sequence[Result]:
    """Run the suite. Not under the lock of the world: the doubles look into it."""
    with cluster.world.transaction():
        held = front(cluster, settings)
        account = _robot(cluster, settings)
    settings = _with_guests(settings)
    with ExitStack() as stack:
        contexts = {
            host: server(pair)
            for name, pair in held.pairs.items()
            for host in held.answers
            if certificates.holds(name, host)
        }
        # What Traefik shows where no Secret has the name.
        contexts[""] = Authority("TRAEFIK DEFAULT CERT").server(list(held.answers))
        own = Authority("kubernetes")  # which signs for the API server alone
        contexts[API] = own.server([API])
        double = stack.enter_context(running(held.answers, contexts))
        ssh = stack.enter_context(greeting(ssh_words(cluster.site.faults.lies())))
        port = int(double.url.rpartition(":")[2])

        def route(host: str, wanted: int) -> Address:
            reason = held.ssh if wanted == SSH_PORT else held.silent.get(host, "")
            if reason:
                raise OSError(reason)
            return ssh if wanted == SSH_PORT else ("127.0.0.1", port)

        trusted = str(outputs({"deployment": state})["trustedCertificates"])
        network = Network(trusting("".join((trusted, *stand_ins(trusted)))), route)
        api = ApiServer(f"https://{API}:6443", Network(trusting(own.pem.decode()), route))
        site = Site(settings=settings, network=network, outsider=_person(STRANGER), robot=account, api=api)
        return list(run(_checks(site)))


def _checks(site: Site) -> list[Check]:
    """The suite with the person who may use most, and what Authentik says of everybody else."""
    users = {name: one for name, one in site.settings.identity.users.items() if one.active is not False}
    strict = set(site.settings.second_factor_groups)
    able = [name for name, one in users.items() if name not in (STRANGER, NEWCOMER) and not strict & set(one.groups)]
    chosen = max(able, key=lambda name: len(users[name].groups), default=NEWCOMER)
    found = suite(replace(site, person=_person(chosen)))
    for name in able:
        if name != chosen:
            check = people.groups(replace(site, person=_person(name)))
            found.append(replace(check, name=f"{check.name}: {name}"))
    return found


def _robot(cluster: Cluster, settings: Settings) -> Robot | None:
    """The first that may push and pull, with the password in its Secret."""
    for name in settings.section(HarborSettings).robots if settings.section(HarborSettings).enabled else ():
        data = data_of(cluster, "Secret", "harbor", pull_secret.secret_name(name))
        logins = json.loads(data.get(pull_secret.CONFIGURATION, "{}")).get("auths", {})
        password = logins.get(settings.section(HarborSettings).host, {}).get("password", "")
        with suppress(ValueError):  # none of its projects can be pushed to
            return robot(settings, {"SMOKE_ROBOT": name, "SMOKE_ROBOT_SECRET": password})
    return None


def _person(name: str) -> Person:
    return Person(name, Account(name).password)


def _guests(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    strict = settings.second_factor_groups
    return {STRANGER: (), NEWCOMER: tuple(group for group in settings.identity.groups if group not in strict)}


def _with_guests(settings: Settings) -> Settings:
    """What the suite takes for the stack file."""
    guests = {
        name: User(name=name, email=f"{name}@lab.invalid", groups=groups) for name, groups in _guests(settings).items()
    }
    users = {**settings.identity.users, **guests}
    proxied: dict[str, Any] = {}  # applications that Flux brings are not in the simulated cluster
    identity = settings.identity.model_copy(update={"users": users, "proxied": proxied})
    return settings.model_copy(update={"identity": identity})
