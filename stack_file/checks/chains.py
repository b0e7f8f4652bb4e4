"""Checks of chains: who waits for whom, where they lie, and what they may make."""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from declarations.chains import StageKey, stages
from lib.charts import SINGLETONS, TABLE
from lib.kubernetes import CLUSTER_SCOPED, is_of_kubernetes, quantity_bytes
from lib.names import PHASES, SystemNamespace
from register.namespaces import platform_namespaces
from register.services import SERVICES
from settings.chains import CONTAINER_ASKS, Chain, ChainRelease, phase_name, stage_name
from settings.model import Settings
from settings.problem import Problem

_KUBERNETES = ("default", "kube-public", "kube-node-lease")
_LONGEST = 50
"""Names of Jobs become labels of their pods, which hold 63 characters; `-conditions` comes behind."""
_VARIABLE = re.compile(r"\{\{-?\s*\.([A-Za-z0-9_]+)")
"""Of a template of Go, where it stands first."""
_WIDE = tuple(kind.lower() for kind in (*CLUSTER_SCOPED, "Node", "Namespace"))
_RELEASE_LENGTH = 53
"""Of Helm: names of objects are made of it (pkg/chartutil/validate_name.go)."""


def chain_names_are_told_apart(settings: Settings) -> Iterator[Problem]:
    for name, chain in settings.chains.items():
        if name in PHASES:
            yield Problem(f"chains.{name}", name, "is a phase of the platform itself", "rename the chain")
        for twice, count in Counter(stage.name for stage in chain.stages).items():
            if count > 1:
                yield Problem(f"chains.{name}.stages", twice, f"stands {count} times", "give each stage its own name")
    taken = {phase_name(chain): f"the phase of chains.{chain}" for chain in settings.chains}
    for key, stage in stages(settings):
        name, place = stage_name(*key), _key(key)
        if taken.get(name, place) != place:
            yield Problem(place, stage.name, f"makes the name {name}, which is {taken[name]}", "rename one of them")
        taken.setdefault(name, place)
        if len(name) > _LONGEST:
            clash = f"makes the name {name} of {len(name)} characters, and Jobs are named after it"
            yield Problem(place, stage.name, clash, f"shorten it by {len(name) - _LONGEST}")
        if not stage.releases and not any(stage.manifests):
            yield Problem(place, stage.name, "brings nothing up", "give it releases, objects or files, or remove it")


def stages_depend_on_what_is_there(settings: Settings) -> Iterator[Problem]:
    known = _dependable(settings)
    for key, stage in stages(settings):
        for one in stage.depends_on:
            if one not in known:
                close = difflib.get_close_matches(one, known, n=1)
                fix = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
                yield Problem(f"{_key(key)}.dependsOn", one, "is no phase, chain or stage of this stack", fix)


def stages_depend_on_earlier_ones(settings: Settings) -> Iterator[Problem]:
    for (chain, name), stage in stages(settings):
        names = [one.name for one in settings.chains[chain].stages]
        for one in stage.depends_on:
            first, _, second = one.partition("/")
            if first == chain and (not second or second in names[names.index(name) :]):
                clash = "is the stage itself or one behind it, so that neither could begin"
                yield Problem(f"{_key((chain, name))}.dependsOn", one, clash, "take it out")


def chains_wait_in_no_circle(settings: Settings) -> Iterator[Problem]:
    """One of two that wait for each other could neither be shown before the other nor be told of alone."""
    named = {key: {one.partition("/")[0] for one in stage.depends_on} for key, stage in stages(settings)}
    chains = {chain: _of(named, chain) & set(settings.chains) - {chain} for chain in settings.chains}
    try:
        TopologicalSorter(chains).prepare()
    except CycleError as error:
        circle = [*dict.fromkeys(map(str, error.args[1]))]
        key = next(key for key in named if key[0] in circle and not named[key].isdisjoint({*circle} - {key[0]}))
        on, clash = ", ".join(dict(stages(settings))[key].depends_on), f"closes a circle of chains: {', '.join(circle)}"
        yield Problem(f"{_key(key)}.dependsOn", on, clash, "put what waits for each other into one chain")


def _of(named: Mapping[StageKey, set[str]], chain: str) -> set[str]:
    return {one for key, names in named.items() if key[0] == chain for one in names}


def chain_namespaces_are_their_own(settings: Settings) -> Iterator[Problem]:
    owners = _owners(settings)
    for name, chain in settings.chains.items():
        for namespace, declared in chain.namespaces.items():
            key = f"chains.{name}.namespaces.{namespace}"
            if namespace in owners:
                yield Problem(key, namespace, f"belongs to {owners[namespace]}", "use another namespace")
            owners.setdefault(namespace, f"chains.{name}")
            for source in declared.allow_from:
                known = {*platform_namespaces(settings), *settings.secrets.namespaces, "monitoring"}
                if source not in known:
                    close = difflib.get_close_matches(source, known, n=1)
                    fix = f"did you mean {close[0]}?" if close else "list it in secrets.namespaces"
                    yield Problem(f"{key}.allowFrom", source, "is no namespace of this stack", fix)


def chain_namespaces_hold_a_container(settings: Settings) -> Iterator[Problem]:
    """A LimitRange whose limit is below its request is refused (ValidateLimitRange in kubernetes, pkg/apis/core)."""
    for name, chain in settings.chains.items():
        for namespace, declared in chain.namespaces.items():
            said = {
                "memory": (declared.memory, f"{CONTAINER_ASKS} of one container"),
                "containerMemory": (declared.container_memory, f"{CONTAINER_ASKS} that a container asks for"),
            }
            for key, (quantity, asked) in said.items():
                if quantity_bytes(quantity) < quantity_bytes(CONTAINER_ASKS):
                    place = f"chains.{name}.namespaces.{namespace}.{key}"
                    yield Problem(place, quantity, f"is less than the {asked}", "give it more")


def releases_are_pinned_and_placed(settings: Settings) -> Iterator[Problem]:
    for key, stage in stages(settings):
        for release in stage.releases:
            place = f"{_key(key)}.releases[{release.name}]"
            yield from _chart(place, release)
            yield from _inside(f"{place}.namespace", release.namespace, settings.chains[key[0]])
            if len(release.name) > _RELEASE_LENGTH:
                clash = f"has {len(release.name)} characters, and Helm takes {_RELEASE_LENGTH}"
                yield Problem(f"{place}.name", release.name, clash, "shorten it")


def _chart(place: str, release: ChainRelease) -> Iterator[Problem]:
    given = {"repository": release.repository, "version": release.version}
    missing = [name for name, value in given.items() if value is None]
    if missing == [*given] and release.chart not in TABLE:
        close = difflib.get_close_matches(release.chart, TABLE, n=1)
        fix = f"did you mean {close[0]}? If not, add repository and version" if close else "add repository and version"
        yield Problem(f"{place}.chart", release.chart, "is no chart of the program's own table", fix)
    elif len(missing) == 1:
        clash = f"has no {missing[0]}, so it is not said which chart that is"
        yield Problem(f"{place}.chart", release.chart, clash, f"add {missing[0]}, or leave out both for the table's")
    if release.chart in SINGLETONS:
        clash = "is for the whole cluster, which has one already"
        yield Problem(f"{place}.chart", release.chart, clash, "use what the platform brings up")


def stage_secrets_are_of_the_registry(settings: Settings) -> Iterator[Problem]:
    made: dict[tuple[str, str], str] = {}
    for key, stage in stages(settings):
        for namespace in stage.namespaces:
            made |= {(namespace, f"oidc-{slug}"): f"the credentials of {slug}" for slug in stage.logins}
        for name, secret in stage.secrets.items():
            place = f"{_key(key)}.secrets.{name}"
            yield from _inside(f"{place}.namespace", secret.namespace, settings.chains[key[0]])
            if (secret.namespace, name) in made:
                yield Problem(place, name, f"is already {made[secret.namespace, name]}", "rename one of them")
            for variable, text in secret.template.items():
                for one in sorted({*_VARIABLE.findall(text)} - secret.values.keys()):
                    fix = f"use one of {', '.join(secret.values)}"
                    yield Problem(f"{place}.template.{variable}", f".{one}", "is no key of values", fix)
            for variable, field in secret.values.items():
                yield from _field(settings, f"{place}.values.{variable}", field)


def _field(settings: Settings, key: str, reference: str) -> Iterator[Problem]:
    path, _, field = reference.rpartition(".")
    extra = settings.secrets.extra.get(path)
    clients = [slug for slug, one in settings.identity.applications.items() if one.client == "confidential"]
    if extra is not None:
        known = [*extra.fields, *(f"{name}-previous" for name, one in extra.fields.items() if one.keep_previous)]
    elif path in (f"oidc/{slug}" for slug in clients):
        known = ["client-secret"]
    else:
        yield Problem(key, reference, "is of no secret of the stack file", f"declare {path} in secrets.extra")
        return
    if field not in known:
        yield Problem(key, reference, f"is no field of {path}", f"use one of {', '.join(known)}")


def stage_logins_are_declared(settings: Settings) -> Iterator[Problem]:
    users: dict[str, str] = {}
    for key, stage in stages(settings):
        for slug in stage.logins:
            place, application = f"{_key(key)}.logins", settings.identity.applications.get(slug)
            if application is None:
                yield Problem(place, slug, "is no slug of identity.applications", "declare it there or correct it")
            elif application.client == "public":
                clash = "is a public client, which has no credentials"
                yield Problem(place, slug, clash, "make the client confidential, or leave the line out")
            elif not stage.namespaces:
                clash = f"has no namespace in this stage to put the Secret oidc-{slug} into"
                yield Problem(place, slug, clash, "name it in the stage of what uses it")
            if slug in users:
                fix = f"depend on that stage, whose Secret oidc-{slug} stays"
                yield Problem(place, slug, f"is already in {users[slug]}", fix)
            users.setdefault(slug, place)


def conditions_are_of_the_chain(settings: Settings) -> Iterator[Problem]:
    for key, stage in stages(settings):
        for one in stage.conditions:
            place, chain = f"{_key(key)}.conditions[{one.name}].namespace", settings.chains[key[0]]
            if one.namespace is not None:
                yield from _inside(place, one.namespace, chain)
            elif is_of_kubernetes(one.api_version) and not one.resource.startswith(_WIDE):
                clash = f"is said, and {one.resource} of {one.api_version} lie in namespaces"
                yield Problem(place, "nothing", clash, f"use one of {', '.join(chain.namespaces)}")


def _dependable(settings: Settings) -> Sequence[str]:
    """What a stage can wait for; nothing says when all certificates are there, and what needs one waits for it.
    Nothing in the cluster needs the servers that lead to it.
    """
    absent = {"certificates", "edge", *(["dns"] if not settings.dns.sides else [])}
    absent |= {"gitops"} if not settings.gitops.enabled else set()
    absent |= {"monitoring"} if not settings.monitoring.enabled else set()
    absent |= {"backup"} if settings.backup is None else set()
    services = [f"phase4-services/{one.slug}" for one in SERVICES if one.enabled(settings)]
    return (
        *(phase for phase in PHASES if phase not in absent),
        *services,
        *settings.chains,
        *("/".join(key) for key, _ in stages(settings)),
    )


def _owners(settings: Settings) -> dict[str, str]:
    """Whose each namespace is that no chain may take."""
    found = dict.fromkeys((*map(str, SystemNamespace), *_KUBERNETES), "the platform or to Kubernetes")
    for service in SERVICES:
        found |= dict.fromkeys((service.namespace, *service.namespaces(settings)), service.slug)
    for slug, application in settings.identity.applications.items():
        found |= dict.fromkeys(application.namespaces, f"identity.applications.{slug}")
    return found | dict.fromkeys(settings.secrets.namespaces, "secrets.namespaces, which something else makes")


def _inside(key: str, namespace: str, chain: Chain) -> Iterator[Problem]:
    if namespace not in chain.namespaces:
        fix = f"use one of {', '.join(chain.namespaces)}, or declare it there"
        yield Problem(key, namespace, "is no namespace of the chain", fix)


def _key(key: StageKey) -> str:
    chain, stage = key
    return f"chains.{chain}.stages[{stage}]"


ALL = (
    chain_names_are_told_apart,
    stages_depend_on_what_is_there,
    stages_depend_on_earlier_ones,
    chains_wait_in_no_circle,
    chain_namespaces_are_their_own,
    chain_namespaces_hold_a_container,
    releases_are_pinned_and_placed,
    stage_secrets_are_of_the_registry,
    stage_logins_are_declared,
    conditions_are_of_the_chain,
)
