"""What a check is, and how one is run."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LIMIT_SECONDS: Final = 180.0
"""How long one check may take; a login is some twenty requests."""
HOSTS: Final = "every host answers"
"""Metric of what anybody meets at an address of the platform."""


class Failed(Exception):
    """What was asked for is not so. The message says what is there instead."""


class Refused(Failed):
    """Authentik knows the person and does not let them in."""


class Skipped(Exception):
    """The check cannot be run. The message says what it would need."""


class Status(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One question to the platform.

    Attributes:
        metric: What the platform is for, that this is a part of.
        look: Where to look when it fails.
        run: Asks; returns what was found, raises Failed or Skipped.
    """

    metric: str
    name: str
    look: str
    run: Callable[[], str]


def asked(problem: str, found: str) -> str:
    """What a script of a gate found out, as the outcome of a check."""
    if problem:
        raise Failed(problem)
    return found


@dataclass(frozen=True)
class Result:
    """How a check ended: `detail` is what was found, what is wrong, or why it was not run."""

    check: Check
    status: Status
    detail: str
    seconds: float


def run(checks: Iterable[Check], limit: float = LIMIT_SECONDS) -> Iterator[Result]:
    """Run one after the other; a check that takes longer than `limit` seconds has failed."""
    for check in checks:
        yield _run(check, limit)


def _run(check: Check, limit: float) -> Result:
    outcome = [(Status.FAILED, f"no answer after {limit:g} s")]

    def ask() -> None:
        outcome[:] = [_ask(check)]

    started = time.monotonic()
    # A thread that hangs must not keep the suite from ending.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(limit)
    status, detail = outcome[0]
    return Result(check, status, detail, time.monotonic() - started)


def _ask(check: Check) -> tuple[Status, str]:
    try:
        return Status.PASSED, check.run()
    except Skipped as reason:
        return Status.SKIPPED, str(reason)
    except Failed as reason:
        return Status.FAILED, str(reason)
    except (OSError, http.client.HTTPException) as error:
        return Status.FAILED, f"not reached: {error}"
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return Status.FAILED, f"an answer is not of the form it should have: {type(error).__name__}: {error}"
