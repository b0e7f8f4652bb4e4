"""One operation under planted faults, and what it may touch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lab.assurance import judge
from lab.assurance.judge import Allowed, Seen
from lab.assurance.platform import Platform
from lab.injections import How, Moment
from lab.world import World
from lib.secret_state import resources
from reporting.phase import name_of

FOREIGN: Final = "foreign"
"""An object of somebody else is in the way."""
_DOWN: Final = "down"
"""Somebody whom many ask does not answer."""
_HOW: Final[Mapping[str, How]] = {"": "refused", "timeout": "timeout", "killed": "killed"}
_MOMENTS: Final[Mapping[str, Moment]] = {"create": "create", "update": "update", "delete": "delete"}
_MADE_UP_FOR: Final = {
    "create": {"create", "update", "same"},
    "update": {"update"},
    "delete": {"delete"},
    "changed": {"update"},
    "deleted": {"create"},
    FOREIGN: {"create"},
}
"""What an operation does with what failed in the one before; `same` is for what was made and only nobody had heard."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation under a fault of each of `struck`; those `beside` are refused again, and not counted.

    `what` is `create`, `update` or `delete`, alone for a refusal, or with `-timeout` or `-killed` behind it. Any other
    kind changes the world itself by `stage`; `mend` takes that back after the operation, and says what it found lost.
    """

    what: str
    struck: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    operation: str = "up"
    options: Mapping[str, Any] = field(default_factory=dict)
    stage: Callable[[World], None] | None = None
    mend: Callable[[World], Iterable[str]] | None = None

    @property
    def moment(self) -> Moment | None:
        """When the planted faults strike; None where none are."""
        return _MOMENTS.get(self.what.partition("-")[0])

    @property
    def how(self) -> How | None:
        """How it goes wrong; None where no resource fails by itself."""
        return _HOW[self.what.partition("-")[2]] if self.moment else None

    @property
    def fails(self) -> bool:
        """Whether each of them fails, and the operation lives."""
        return self.how in ("refused", "timeout") or self.what == FOREIGN

    def met(self, seen: Seen, urn: str) -> bool:
        """Whether the fault came about."""
        if self.what == _DOWN:
            return not seen.ok
        return urn in seen.failed if self.what == FOREIGN else not self.how or urn in seen.struck

    @property
    def killed(self) -> bool:
        """Whether the operation does not live to its end."""
        return self.how == "killed"

    @property
    def looks(self) -> bool:
        """Whether the operation is to find and mend what somebody did by hand."""
        return self.what in ("changed", "deleted")

    def case(self, urn: str) -> str:
        """What is counted."""
        return f"{self.what} {urn}"


IN_TWO: Final = (Step(what="refresh", operation="refresh"), Step(what="up"))
"""What `make drift` says where not everything can be asked, because the way to it was deleted: the refresh fails there,
and notes the rest, which an update then makes again."""


def made_up_for(what: str, seen: Seen, urn: str) -> bool:
    """Whether an operation did what the one before had failed at."""
    wanted = _MADE_UP_FOR.get(what.partition("-")[0], {"update", "create", "same"})
    return any(how == "done" and one in wanted for one, how in seen.steps[urn].items())


def of_one(platform: Platform, step: Step, seen: Seen, urn: str) -> Iterator[str]:
    """What is wrong with how one fault was borne."""
    if step.fails and step.moment != "delete":
        yield from judge.held_back(platform, seen, urn)
    elif step.moment == "delete":
        if urn not in seen.failed:
            yield "its failure was not told"
        yield from (
            f"{name_of(one)} went, although {name_of(urn)} needs it" for one in platform.needs(urn) if seen.did(one)
        )
    elif step.what in ("changed", "deleted") and not made_up_for(step.what, seen, urn):
        yield f"an update with --refresh did not put it right: {dict(seen.steps.get(urn, {}))}"


def of_all(platform: Platform, step: Step, seen: Seen, waiting: Collection[str]) -> Iterator[str]:
    """What is wrong with the operation as a whole, and so with each fault that struck in it."""
    if step.operation != "destroy":
        yield from judge.outside(seen, _allowed(platform, step, seen, waiting), platform.real)
        yield from judge.data_lost(seen)
    yield from judge.broken(seen.after)
    yield from (f"{one} can be read" for one in seen.leaks)
    yield from seen.mended
    struck = (*step.struck, *step.beside)
    if step.fails and step.operation == "up":
        yield from judge.went_on(platform, struck, seen)
    if step.how or step.fails:
        yield from judge.unexpected(seen, struck)


def _allowed(platform: Platform, step: Step, seen: Seen, waiting: Collection[str]) -> Allowed:
    standing = {one["urn"]: one for one in resources(seen.before)}
    behind: frozenset[str] = frozenset()
    if not step.how and not step.fails:
        behind = behind.union(*(platform.dependents(urn) for urn in {*step.struck} & platform.real))
    theirs = {*step.struck, *step.beside, *waiting}

    def allowed(urn: str, operation: str) -> bool:
        if operation == "create":
            return urn not in standing or urn in behind or (urn in theirs and step.what in ("deleted", _DOWN))
        return operation == "update" and (
            urn in theirs or urn in behind or bool(standing.get(urn, {}).get("initErrors"))
        )

    return allowed
