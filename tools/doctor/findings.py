"""What a check finds, and how it is said: lines for people, JSON for programs."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import groupby
from typing import Any

WIDTH = 80
_INDENT = " " * 10


class Status(Enum):
    """How a thing is. What is skipped stops nothing."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line: how a thing is, and where it failed, what to do.

    Attributes:
        check: Name of what looked.
        stops: Whether an update is not begun with it.
    """

    status: Status
    detail: str
    fix: str = ""
    check: str = ""
    stops: bool = True


def ok(detail: str) -> Finding:
    """It is as it must be."""
    return Finding(status=Status.OK, detail=detail)


def failed(detail: str, fix: str) -> Finding:
    """It is not, and `make up` would come to grief."""
    return Finding(status=Status.FAILED, detail=detail, fix=fix)


def skipped(detail: str) -> Finding:
    """It could not be asked; `detail` says why."""
    return Finding(status=Status.SKIPPED, detail=detail)


class UnaskedError(Exception):
    """A check cannot look, because something that it needs is not there. The message says what."""


def lines(finding: Finding) -> list[str]:
    """The finding in 80 columns, its fix below it; readable without colours."""
    head = _wrapped(f"{finding.check}: {finding.detail}", f"{finding.status.value:<8}  ")
    return head + (_wrapped(finding.fix, f"{_INDENT}-> ") if finding.fix else [])


def told(notes: Iterable[str]) -> list[str]:
    """Notes as lines, with a blank one behind them."""
    found = [line for note in notes for line in _wrapped(note, "note      ")]
    return [*found, ""] if found else []


def _wrapped(text: str, label: str) -> list[str]:
    indent = " " * len(label)
    return textwrap.wrap(
        text, WIDTH, initial_indent=label, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def gathered(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The same, as one where several checks in a row say the same."""
    for _, same in groupby(findings, key=lambda one: (one.status, one.detail, one.fix)):
        several = list(same)
        yield replace(several[0], check=", ".join(dict.fromkeys(one.check for one in several)))


def summary(findings: Sequence[Finding]) -> str:
    """How many of each."""
    counts = {status: sum(one.status is status for one in findings) for status in Status}
    return ", ".join(f"{count} {status.value}" for status, count in counts.items())


def broken(findings: Iterable[Finding]) -> list[Finding]:
    """Those that failed."""
    return [one for one in findings if one.status is Status.FAILED]


def as_json(stack: str, findings: Sequence[Finding], notes: Sequence[str]) -> str:
    """`stack`, `ok`, `results` (check, status, detail, fix) and `notes`."""
    results: list[dict[str, Any]] = [
        {"check": one.check, "status": one.status.value, "detail": one.detail, "fix": one.fix} for one in findings
    ]
    document = {"stack": stack, "ok": not broken(findings), "results": results, "notes": list(notes)}
    return json.dumps(document, indent=1)
