"""What was tried, survived and lost, by kind: printed, and written for programs and for people."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.assurance.track import Progress, read
from lab.assurance.tracks import SINGLES
from reporting.phase import name_of


@dataclass(kw_only=True)
class Tally:
    """Counts by kind of fault, over all tracks that have begun.

    Attributes:
        tried: Faults that came about.
        lost: Case -> what was lost.
        untried: By kind, those that an operation ended before.
        operations: By kind.
        singles, disagree: Cases that were tried alone as well, and those of them that were borne otherwise.
        unfinished: Tracks that have not come to their end.
    """

    tried: Counter[str] = field(default_factory=Counter)
    lost: dict[str, list[str]] = field(default_factory=dict)
    untried: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    types: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    singles: int = 0
    disagree: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Faults that came about, each counted once."""
        return sum(self.tried.values())

    def lost_of(self, kind: str) -> int:
        """How many of a kind were lost."""
        return sum(1 for case in self.lost if case.partition(" ")[0] == kind)

    def document(self) -> dict[str, Any]:
        """For programs."""
        kinds = {
            kind: {"tried": tried, "survived": tried - self.lost_of(kind), "lost": self.lost_of(kind)}
            for kind, tried in sorted(self.tried.items())
        }
        total = {"tried": self.total, "survived": self.total - len(self.lost), "lost": len(self.lost)}
        return {
            "simulated": True,
            "total": total,
            "kinds": kinds,
            "types": {name: dict(sorted(found.items())) for name, found in sorted(self.types.items())},
            "untried": dict(self.untried),
            "operations": dict(self.operations),
            "singles": {"tried": self.singles, "disagree": self.disagree},
            "unfinished": self.unfinished,
            "lost": {_shown(case): problems for case, problems in self.lost.items()},
        }

    def table(self) -> Iterator[str]:
        """For people, in Markdown."""
        yield "| fault | tried | survived | lost | operations |"
        yield "| --- | ---: | ---: | ---: | ---: |"
        rows = [(kind, tried, self.lost_of(kind), self.operations[kind]) for kind, tried in sorted(self.tried.items())]
        for kind, tried, lost, operations in (
            *rows,
            ("all", self.total, len(self.lost), sum(self.operations.values())),
        ):
            yield f"| {kind} | {tried} | {tried - lost} | {lost} | {operations} |"
        yield ""
        yield f"Tried once more alone: {self.singles}, borne otherwise than in a group: {len(self.disagree)}."
        yield from (f"Not at its end: {name}." for name in self.unfinished)
        yield from (f"- lost: `{_shown(case)}`: {'; '.join(problems[:5])}" for case, problems in self.lost.items())


def tally(tracks: Mapping[str, Progress]) -> Tally:
    """Counts over tracks, by their place."""
    found, alone = Tally(), dict[str, list[str]]()
    for place, progress in tracks.items():
        if not progress.ended:
            found.unfinished.append(place)
        if place.endswith(SINGLES):
            alone |= progress.verdicts
            continue
        for case, problems in progress.verdicts.items():
            kind, _, urn = case.partition(" ")
            found.tried[kind] += 1
            found.types[urn.rpartition("::")[0].rpartition("$")[2].rpartition("::")[2] or urn][kind] += 1
            if problems:
                found.lost[case] = problems
        found.untried.update(case.partition(" ")[0] for case in progress.untried.keys() - progress.verdicts.keys())
        found.operations.update(progress.operations)
    compared = alone.keys() & {case for one in tracks.values() for case in one.verdicts}
    found.singles = len(alone)
    found.disagree = [_shown(case) for case in sorted(compared) if bool(alone[case]) != (case in found.lost)]
    found.lost |= {case: problems for case, problems in alone.items() if problems}
    return found


def of_parts(directory: Path, parts: int) -> Tally:
    """Over all parts of so many that have begun."""
    files = sorted(directory.glob(f"part-*-of-{parts}/*/progress.json"))
    return tally({f"{file.parts[-3]}/{file.parts[-2]}": read(file) for file in files if file.parts[-2] != "only"})


def write(found: Tally, build: Path) -> None:
    """`assurance.json` and `assurance.md`."""
    build.mkdir(parents=True, exist_ok=True)
    (build / "assurance.json").write_text(json.dumps(found.document(), indent=1) + "\n", encoding="utf-8")
    (build / "assurance.md").write_text("\n".join(found.table()) + "\n", encoding="utf-8")


def _shown(case: str) -> str:
    """As ONLY= takes it."""
    kind, _, urn = case.partition(" ")
    return f"{kind}:{name_of(urn)}"
