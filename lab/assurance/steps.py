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

_LARGE: Final = 12
_HANGING: Final = 8
_SEED: Final = 20261127

UP: Final = Step(what="up")
DESTROY: Final = Step(what="destroy", operation="destroy")


def creations(platform: Platform) -> Iterator[Step]:
    """From nothing: what is needed first fails first, and is made by the next operation.

    Whatever an operation would go on to without having failed before fails beside those that it is about.
    """
    waited = platform.strikable("create-timeout")
    groups = platform.levels(platform.strikable("create"))
    for group, following in zip(groups, [*groups[1:], ()], strict=True):
        yield Step(what="create", struck=group)
        if len(group) >= _LARGE:
            killed = _of_each_kind(platform, group, "create-killed")
            late = tuple(urn for urn in group if urn in waited and urn not in killed)
            yield Step(what="create-killed", struck=killed, beside=tuple(urn for urn in group if urn not in killed))
            yield Step(what="create-timeout", struck=late, beside=following)


def updates(platform: Platform) -> Iterator[Step]:
    """On the finished platform, whose providers find a difference: the largest groups first."""
    groups = sorted(platform.levels(platform.strikable("update")), key=len, reverse=True)
    large = [group for group in groups if len(group) >= _LARGE]
    yield from (Step(what="update", struck=group) for group in groups[: len(large)])
    yield from (Step(what="update-timeout", struck=group) for group in large)
    yield from (Step(what="update-killed", struck=_of_each_kind(platform, group, "update-killed")) for group in large)
    yield from (Step(what="update", struck=group) for group in groups[len(large) :])


def _of_each_kind(platform: Platform, group: Sequence[str], moment: str) -> tuple[str, ...]:
    """One of each type: an operation can be killed while a few hang, not while all do."""
    kinds = {platform.kind(urn): urn for urn in group if urn in platform.strikable(moment)}
    return tuple(sorted(kinds.values())[:_HANGING])


def deletion(platform: Platform, tried: Collection[str]) -> Step | None:
    """All that did not fail yet fails; which of them a destroy comes to before it stops is up to the engine."""
    urns = tuple(sorted(urn for urn in platform.strikable("delete") if f"delete {urn}" not in tried))
    return Step(what="delete", struck=urns, operation="destroy") if urns else None


def singles(platform: Platform, number: int) -> Iterator[Step]:
    """Some of the updates once more, each alone."""
    urns = sorted(platform.strikable("update"))
    for urn in random.Random(_SEED).sample(urns, min(number, len(urns))):  # noqa: S311 - no secret, the same each time
        yield Step(what="update", struck=(urn,))
