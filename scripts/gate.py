"""The loop of the gates: asks until nothing is wrong any more, or time is up.

Environment: SECONDS (float, how long to try), RUNBOOK (told with the reason of a failure), SCHEDULED (set where the
script runs on a schedule, not as a gate).
"""

import http.client
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

INTERVAL_SECONDS = 3.0
TERMINATION_LOG = Path("/dev/termination-log")
"""Where the kubelet takes a container's last words from; pulumi-kubernetes shows them (await/checker/pod/check.go)."""


class WaitingError(Exception):
    """Whoever is asked does not answer as they will: worth another try."""


def wait(problem: Callable[[], str], done: str, steady: float = 0.0) -> int:
    """Exit code 0, and the words `done`, once `last_problem` finds none; 1 with what is wrong."""
    if found := last_problem(problem, steady):
        return give_up(found)
    print(done)
    return 0


def put_right(changes: Callable[[], Iterable[str]], done: str) -> int:
    """Exit code of `finish` once a whole round of `changes`, each of which says what it did, had nothing to do; 1 with
    what is wrong after SECONDS.
    """
    corrected: list[str] = []

    def problem() -> str:
        before = len(corrected)
        for change in changes():
            corrected.append(change)
            print(change, flush=True)
        return f"{corrected[-1]}, and not yet seen to stay so" if len(corrected) > before else ""

    found = last_problem(problem)
    return give_up(found) if found else finish(done, corrected)


def last_problem(problem: Callable[[], str], steady: float = 0.0) -> str:
    """Asks until `problem` was empty for `steady` seconds; what is still wrong after SECONDS, else nothing."""
    begun = bad = time.monotonic()
    told = ""
    while True:
        found, now = _asked(problem), time.monotonic()
        if not found and (not steady or now - bad > steady):
            return ""
        if found:
            if now - begun > float(os.environ["SECONDS"]):
                return found
            if found != told:
                print(found, flush=True)
            bad, told = now, found
        time.sleep(INTERVAL_SECONDS)


def give_up(reason: str) -> int:
    """Exit code 1; the reason is the last that is printed, and what the container is said to have ended with."""
    if runbook := os.environ.get("RUNBOOK"):
        reason = f"{reason}\nrunbook: {runbook}"
    print(reason, file=sys.stderr, flush=True)
    _leave(reason)
    return 1


def succeed(done: str) -> int:
    """Exit code 0; what was done is told in the same way."""
    print(done, flush=True)
    _leave(done)
    return 0


def _leave(words: str) -> None:
    if TERMINATION_LOG.exists():  # only in a container
        TERMINATION_LOG.write_text(words, encoding="utf-8")


def finish(done: str, corrected: Sequence[str], outside: Sequence[str] = ()) -> int:
    """Exit code of a run that leaves everything as declared, and says what it `corrected`, and what it could not do for
    something `outside` of the cluster.

    A gate succeeds, as both are told and neither is a reason to hold back what follows. On a schedule nobody had asked
    for a change, so somebody made one by hand: the run fails, which is kept, and can be seen by whoever watches Jobs
    (docs/runbooks/scheduled-jobs.md).
    """
    if "SCHEDULED" in os.environ and (corrected or outside):
        return give_up("\n".join([*corrected, *outside]))
    print(done)
    return 0


def _asked(problem: Callable[[], str]) -> str:
    # The Job has one pod, so an answer that breaks off must not end it.
    try:
        return problem()
    except WaitingError as error:
        return str(error)
    except (OSError, http.client.HTTPException) as error:
        return f"no whole answer ({type(error).__name__}: {error})"
