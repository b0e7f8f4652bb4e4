"""Which resources are struck in which order, so that each is struck once and its own dependents can be told.

A step strikes a group in which none needs another: each of them fails by itself, and each dependent is held back by
some of them. Large groups are struck again in other ways, each half in one.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from lab.assurance.platform import Platform
from lab.assurance.step import Step

_LARGE: Final = 8
_SEED: Final = 20261127

UP: Final = Step(what="up")
DESTROY: Final = Step(what="destroy", operation="destroy")


def creations(platform: Platform) -> Iterator[Step]:
    """From nothing: what is needed first fails first, and is made by the next operation."""
    killable, waited = platform.strikable("create-killed"), platform.strikable("create-timeout")
    for group in platform.levels(platform.strikable("create")):
        yield Step(what="create", struck=group)
        if len(group) >= _LARGE:
            killed = tuple(urn for urn in group[::2] if urn in killable)
            late = tuple(urn for urn in group if urn in waited and urn not in killed)
            yield Step(what="create-killed", struck=killed, beside=late)
            yield Step(what="create-timeout", struck=late)


def updates(platform: Platform) -> Iterator[Step]:
    """On the finished platform, whose providers find a difference: the largest groups first."""
    groups = _largest_first(platform, "update")
    yield from (Step(what="update", struck=group) for group in groups)
    yield from (Step(what="update-timeout", struck=group) for group in groups if len(group) >= _LARGE)
    yield from (Step(what="update-killed", struck=group) for group in groups if len(group) >= _LARGE)


def deletion(platform: Platform, tried: Collection[str]) -> Step | None:
    """All that did not fail yet fails; which of them a destroy comes to before it stops is up to the engine."""
    urns = tuple(sorted(urn for urn in platform.strikable("delete") if f"delete {urn}" not in tried))
    return Step(what="delete", struck=urns, operation="destroy") if urns else None


def singles(platform: Platform, number: int) -> Iterator[Step]:
    """Some of the updates once more, each alone."""
    urns = sorted(platform.strikable("update"))
    for urn in random.Random(_SEED).sample(urns, min(number, len(urns))):  # noqa: S311 - no secret, the same each time
        yield Step(what="update", struck=(urn,))


def _largest_first(platform: Platform, moment: str) -> Sequence[tuple[str, ...]]:
    return sorted(platform.levels(platform.strikable(moment)), key=len, reverse=True)
