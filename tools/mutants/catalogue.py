"""The defects of tests/mutants.yaml: where each is planted, and which tests are asked about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tools import failure_listing

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "tests" / "mutants.yaml"
PROPERTIES = ("tests/components/test_facts.py", "tests/invariants")
"""What asks the whole recorded program."""
_SLOW = ("tests/engine/", "tests/real/", "tests/lab/test_driver.py", "tests/lab/test_recovery.py")
"""Of those that carry the marker of a class they are asked last."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A defect: in `file`, `was`, which stands there once, becomes `becomes`.

    Attributes:
        tests: Files below tests/, or tests in them, that are asked first. Empty: those that mirror the file.
        failure: Class of tests/failures.yaml that comes back with it; a test that carries its marker is to notice.
    """

    file: str
    was: str
    becomes: str
    tests: Sequence[str] = ()
    failure: str | None = None

    def __str__(self) -> str:
        return f"{self.file}: {self.was} -> {self.becomes or '(nothing)'}"

    @property
    def room(self) -> str:
        """What it belongs to: a folder of components, or another room of the tree."""
        parts = Path(self.file).parts
        return "/".join(parts[:2]) if parts[0] == "components" and len(parts) > 2 else parts[0]  # noqa: PLR2004 - a file below a folder


def catalogue(path: Path = CATALOGUE) -> list[Mutant]:
    """Every defect, in the order of the file."""
    files = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [_mutant(file, *defect) for file, defects in files.items() for defect in defects]


def _mutant(file: str, was: str, becomes: str, more: dict[str, str] | None = None) -> Mutant:
    known = more or {}
    if odd := known.keys() - {"tests", "failure"}:
        raise ValueError(f"{CATALOGUE.name}: {file}: {was}: {sorted(odd)} is neither tests nor failure")
    return Mutant(
        file=file, was=was, becomes=becomes, tests=tuple(known.get("tests", "").split()), failure=known.get("failure")
    )


def chosen(mutants: Sequence[Mutant], part: str = "", only: str = "") -> list[Mutant]:
    """Those of a part such as 3/10, and of a room: a component's folder, or another of the tree.

    A part is of neighbours, which have tests in common: those are asked once with no defect planted.

    Raises:
        ValueError: there is no such part or room; says which there are.
    """
    rooms = sorted({one.room for one in mutants})
    found = [one for one in mutants if not only or only in (one.room, one.room.partition("/")[2])]
    if not found:
        raise ValueError(f"ONLY={only} is none of {', '.join(rooms)}")
    number, _, parts = (part or "1/1").partition("/")
    if not (number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts)):
        raise ValueError(f"PART={part} is no part: the third of ten is PART=3/10")
    first, last = (len(found) * one // int(parts) for one in (int(number) - 1, int(number)))
    return found[first:last]


def misplaced(mutant: Mutant, root: Path = ROOT) -> str | None:
    """Why a defect cannot be planted, or nobody asked about it; None when all is there."""
    path = root / mutant.file
    count = path.read_text(encoding="utf-8").count(mutant.was) if path.exists() else 0
    if count != 1:
        return f"{mutant}: stands there {count} times; give what stands there once"
    missing = [name for name in mutant.tests if not (root / "tests" / name.partition("::")[0]).exists()]
    return f"{mutant}: there is no tests/{missing[0]}" if missing else None


def lots(mutant: Mutant, root: Path = ROOT) -> Iterator[Sequence[str]]:
    """Tests to ask, a lot at a time, while none has noticed."""
    if mutant.failure is not None:
        marked = _marked(root).get(mutant.failure, [])
        slow = [one for one in marked if one.startswith(_SLOW)]
        yield from filter(None, ([one for one in marked if one not in slow], slow))
        return
    mirrored = Path("tests", mutant.file)
    own = mirrored.with_name(f"test_{mirrored.stem}.py")
    folder = next(one for one in mirrored.parents if (root / one).is_dir())
    first = [f"tests/{name}" for name in mutant.tests] or [str(one) for one in (own,) if (root / one).exists()]
    if first:
        yield first
    yield tuple(dict.fromkeys([*([str(folder)] if len(folder.parts) > 1 else []), *PROPERTIES]))


@cache
def _marked(root: Path) -> dict[str, list[str]]:
    return dict(failure_listing.marked(root / "tests"))
