"""What is known of each defect, over all parts that ran: build/mutants.json, and build/mutants.md for a reader."""

import fcntl
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tools import failure_listing
from tools.mutants.catalogue import ROOT, Mutant, lots
from tools.mutants.planting import Verdict

REPORT = ROOT / "build" / "mutants.json"


@dataclass
class Report:
    """Verdicts by defect, each with a digest of what it was asked of; kept in `path` after each.

    Parts that run side by side keep theirs in the same file.
    """

    path: Path = REPORT
    root: Path = ROOT
    known: dict[str, tuple[str, Verdict]] = field(default_factory=dict)

    def read(self) -> None:
        """Takes in what runs before have found."""
        if self.path.exists():
            for name, one in json.loads(self.path.read_text(encoding="utf-8")).items():
                digest = one.pop("of")
                self.known[name] = (digest, Verdict(**one))

    def noticed(self, mutant: Mutant) -> bool:
        """Whether a test noticed it, and neither the file nor the tests asked first are others since."""
        known = self.known.get(str(mutant))
        return known is not None and bool(known[1].killed_by) and known[0] == self._digest(mutant)

    def add(self, mutant: Mutant, verdict: Verdict) -> None:
        """Keeps a verdict."""
        with self._alone():
            self.known[str(mutant)] = (self._digest(mutant), verdict)

    def killers(self, mutant: Mutant) -> Sequence[str]:
        """Tests that noticed it."""
        known = self.known.get(str(mutant))
        return known[1].killed_by if known else ()

    def forget(self, tests: Sequence[str]) -> None:
        """Drops what was noticed by these alone: they fail with no defect planted too."""
        if tests:
            with self._alone():
                self.known = {
                    name: one
                    for name, one in self.known.items()
                    if not one[1].killed_by or set(one[1].killed_by) - set(tests)
                }

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Takes in what others have kept, and keeps what comes out."""
        self.path.parent.mkdir(exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as alone:
            fcntl.flock(alone, fcntl.LOCK_EX)
            self.read()
            yield
            rows = {name: {"of": digest, **asdict(one)} for name, (digest, one) in self.known.items()}
            written = self.path.with_suffix(".new")
            written.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            os.replace(written, self.path)

    def _digest(self, mutant: Mutant) -> str:
        names = sorted({mutant.file, *(name.partition("::")[0] for name in next(lots(mutant, self.root)))})
        paths = [path for name in names for path in _files(self.root / name)]
        return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()[:16]

    def verdicts(self, mutants: Sequence[Mutant]) -> Mapping[Mutant, Verdict | None]:
        """Of the whole catalogue; None: not run."""
        return {one: self.known[str(one)][1] if str(one) in self.known else None for one in mutants}

    def write_page(self, mutants: Sequence[Mutant]) -> None:
        """What `page` says, beside the verdicts."""
        self.path.parent.mkdir(exist_ok=True)
        self.path.with_suffix(".md").write_text(self.page(mutants), encoding="utf-8")

    def page(self, mutants: Sequence[Mutant]) -> str:
        """For a reader: counts by room, what lives, classes of failures that no defect brings back, who noticed."""
        verdicts = self.verdicts(mutants)
        counts = Counter((one.room, state(verdict)) for one, verdict in verdicts.items())
        lines = ["# Planted defects", "", summary(verdicts) + ".", ""]
        lines += ["| room | planted | noticed | living | not run |", "| --- | --- | --- | --- | --- |"]
        for room, planted in sorted(Counter(one.room for one in mutants).items()):
            lines.append(f"| {room} | {planted} | " + " | ".join(str(counts[room, one]) for one in STATES) + " |")
        lines += ["", "## Living", "", *(f"- `{one}`" for one, of in verdicts.items() if state(of) == LIVING)]
        lines += [
            "",
            "## Classes of failures that no defect brings back",
            "",
            *(f"- {key}" for key in without(mutants)),
        ]
        lines += ["", "## Who noticed", ""]
        for one, verdict in verdicts.items():
            killers = ", ".join(verdict.killed_by) if verdict else "not run"
            lines.append(f"- `{one}`: {killers or 'nobody'}")
        return "\n".join(lines) + "\n"


NOTICED, LIVING, NOT_RUN = STATES = ("noticed", "living", "not run")


def state(verdict: Verdict | None) -> str:
    """One of STATES. One of the tests that skipped themselves, for want of a program or of charts, may have noticed."""
    if verdict is not None and verdict.killed_by:
        return NOTICED
    return NOT_RUN if verdict is None or verdict.skipped or not verdict.ran else LIVING


def summary(verdicts: Mapping[Mutant, Verdict | None]) -> str:
    """How many of the catalogue were noticed."""
    counts = Counter(map(state, verdicts.values()))
    return ", ".join([f"planted {len(verdicts)}", *(f"{one} {counts[one]}" for one in STATES)])


def without(mutants: Sequence[Mutant]) -> list[str]:
    """Classes of tests/failures.yaml that no defect of the catalogue brings back."""
    brought = {one.failure for one in mutants}
    return [key for rows in failure_listing.catalogue().values() for key in rows if key not in brought]


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]
