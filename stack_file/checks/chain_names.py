"""Checks that what chains make has names of its own. A URN holds the types of what a resource is in, and not the names
(docs of Pulumi, "URNs"), so those of all chains must differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from declarations.chains import stages
from settings.chains import phase_name
from settings.model import Settings
from settings.problem import Problem


@dataclass(frozen=True, kw_only=True)
class _Made:
    """A resource of a chain: its kind and name, whose it is, and what it is, where two may not be it anyway."""

    kind: str
    name: str
    said: str
    key: str
    what: Any


def chain_resources_are_told_apart(settings: Settings) -> Iterator[Problem]:
    taken: dict[tuple[str, str], _Made] = {}
    for made in (*_namespaces(settings), *_of_stages(settings)):
        first = taken.setdefault((made.kind, made.name), made)
        if first.what == made.what:
            continue
        if first.said == made.said and made.kind in ("release", "secret"):
            yield Problem(made.key, made.said, f"is already {first.key}", f"give each {made.kind} its own name")
        else:
            clash = f"makes the name {made.name}, which is {first.key}"
            yield Problem(made.key, made.said, clash, "rename one of them")


def _namespaces(settings: Settings) -> Iterator[_Made]:
    for chain, declared in settings.chains.items():
        for one in declared.namespaces:
            key = f"chains.{chain}.namespaces.{one}"
            yield _Made(kind="namespace", name=f"{phase_name(chain)}-{one}", said=one, key=key, what=one)


def _of_stages(settings: Settings) -> Iterator[_Made]:
    """As components/chain/stage.py names them."""
    for (chain, name), stage in stages(settings):
        prefix, key = phase_name(chain), f"chains.{chain}.stages[{name}]"
        for place, release in enumerate(stage.releases):
            at, what = f"{key}.releases[{release.name}].name", (chain, name, place)
            yield _Made(kind="release", name=f"{prefix}-{release.name}", said=release.name, key=at, what=what)
        for secret in stage.secrets:
            at = f"{key}.secrets.{secret}"
            yield _Made(kind="secret", name=f"{prefix}-{secret}", said=secret, key=at, what=at)
        for at, obj in stage.manifests:
            metadata, kind = obj["metadata"], str(obj["kind"])
            space = metadata.get("namespace", "cluster")
            yield _Made(
                kind=f"{obj['apiVersion']} {kind}",
                name=f"{prefix}-{space}-{kind.lower()}-{metadata['name']}",
                said=f"{kind} {metadata['name']}",
                key=f"{key}.{at}",
                what=(space, metadata["name"]),
            )


ALL = (chain_resources_are_told_apart,)
