"""What the chains of the stack file declare beyond themselves: who waits for whom, and readers of secrets."""

from collections.abc import Iterator
from dataclasses import dataclass

from declarations.volumes import Volume
from lib.names import PHASES
from lib.secrets import Reader
from settings.chains import Stage
from settings.model import Settings

StageKey = tuple[str, str]
"""Names of a chain and of its stage."""


@dataclass(frozen=True, kw_only=True)
class DependedOn:
    """What a stage waits for.

    Attributes:
        stages: The one before, and those that it names.
        phases: Those that it names, and services as `phase4-services/<slug>`.
    """

    stages: tuple[StageKey, ...]
    phases: tuple[str, ...]


def stages(settings: Settings) -> Iterator[tuple[StageKey, Stage]]:
    """Every stage of every chain, in the order of the stack file."""
    for chain, declared in settings.chains.items():
        yield from (((chain, stage.name), stage) for stage in declared.stages)


def depended_on(settings: Settings, key: StageKey) -> DependedOn:
    """What a stage waits for; of a chain that it names, for all stages."""
    chain, name = key
    names = [stage.name for stage in settings.chains[chain].stages]
    place = names.index(name)
    found: list[StageKey] = [(chain, names[place - 1])] if place else []
    phases: list[str] = []
    for one in settings.chains[chain].stages[place].depends_on:
        first, _, second = one.partition("/")
        if first in PHASES:
            phases.append(one)
        elif second:
            found.append((first, second))
        else:
            found += [(first, stage.name) for stage in settings.chains[first].stages]
    return DependedOn(stages=tuple(dict.fromkeys(found)), phases=tuple(phases))


def volumes(settings: Settings, chain: str) -> tuple[Volume, ...]:
    """Volumes of a chain that are backed up; none without the section `backup`."""
    if settings.backup is None:
        return ()
    return tuple(
        Volume(
            name=name,
            namespace=one.namespace,
            claim=one.claim,
            kind=one.kind,
            workload=one.workload,
            labels=one.labels,
            user=one.user,
            quiesce=one.quiesce,
            holds=f"of chain {chain}",
            order="it stands still meanwhile" if one.quiesce else "what was written meanwhile may be torn",
        )
        for name, one in settings.chains[chain].volumes.items()
    )


def login_namespaces(settings: Settings, slug: str) -> tuple[str, ...]:
    """Namespaces of stages that use a login; each gets its credentials."""
    found = (name for _, stage in stages(settings) if slug in stage.logins for name in stage.namespaces)
    return tuple(dict.fromkeys(found))


def readers(settings: Settings, path: str, follows: str) -> tuple[Reader, ...]:
    """Secrets of stages that have fields of a secret in them; `follows` as in Reader."""
    return tuple(
        Reader(namespace=secret.namespace, secret=name, follows=follows)
        for _, stage in stages(settings)
        for name, secret in stage.secrets.items()
        if path in {field.rsplit(".", 1)[0] for field in secret.values.values()}
    )
