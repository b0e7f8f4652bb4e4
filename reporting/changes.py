"""What a preview says would change, for a person who is about to agree to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reporting.phase import name_of
from reporting.phases import UNCHANGED, is_declared

_WORDS: Final = {"create": "make", "import": "import", "update": "change", "replace": "replace", "delete": "delete"}
_LISTED: Final = 25
"""As many of a kind are named; what is made is named only where a person can still read it."""


@dataclass(frozen=True)
class Change:
    """What would become of a resource: a key of `_WORDS`, and the properties that differ."""

    op: str
    type: str
    urn: str
    diffs: tuple[str, ...] = ()

    def __str__(self) -> str:
        differs = f": {', '.join(self.diffs)}" if self.diffs and self.op in ("update", "replace") else ""
        return f"{_WORDS[self.op]:<8} {self.type.rpartition(':')[2]} {name_of(self.urn)}{differs}"


def read(events: Iterable[Mapping[str, Any]]) -> list[Change]:
    """The changes that the steps of a preview foretell; a replacement, which has three steps, once."""
    found: dict[str, Change] = {}
    for event in events:
        if event["event"] != "start" or is_declared(event["type"]) or event["op"] in UNCHANGED:
            continue
        op = "replace" if "replace" in event["op"] else event["op"]
        if op in _WORDS and not (event["urn"] in found and found[event["urn"]].diffs):
            found[event["urn"]] = Change(op, event["type"], event["urn"], tuple(event["diffs"]))
    return list(found.values())


def summary(changes: Iterable[Change]) -> str:
    """How many of which kind."""
    counts = Counter(one.op for one in changes)
    return ", ".join(f"{word} {counts[op]}" for op, word in _WORDS.items() if counts[op]) or "change nothing"


def lines(changes: Iterable[Change]) -> Iterator[str]:
    """Each change in a line: what goes or is made anew before all else, what is only made where it is not too much."""
    of: dict[str, list[Change]] = {}
    for one in changes:
        of.setdefault(one.op, []).append(one)
    for op in reversed(_WORDS):
        some = of.get(op, [])
        named = 0 if op == "create" and len(some) > _LISTED else _LISTED
        yield from (str(one) for one in some[:named])
        if len(some) > named:
            yield f"{_WORDS[op]:<8} {len(some) - named} resources{' more' if named else ''}"
