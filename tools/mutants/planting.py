"""A copy of the checkout, in which a defect is planted, asked about and taken back."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.mutants import forked
from tools.mutants.catalogue import PROPERTIES, ROOT, Mutant, lots


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a mutant: who noticed, how many tests ran, seconds of CPU, how many tests skipped themselves."""

    killed_by: Sequence[str]
    ran: int
    seconds: float
    skipped: int = 0


def copy(target: Path) -> None:
    """The checkout as it is, with its uncommitted changes and without what is built."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    (target / "build").mkdir()
    for name in (".venv", ".tools", "build/charts"):
        (target / name).symlink_to(ROOT / name)


def prepare(root: Path) -> None:
    """Has what the tests import of others there for all processes to come."""
    forked.warm(forked.ask(PROPERTIES[:1], root, shown=0, keep_bytecode=True).packages)


def broken(tests: Iterable[str], root: Path) -> Sequence[str]:
    """Those of these tests that fail with no defect planted, and so tell nothing of one."""
    named = sorted({name for name in tests if ".py" in name})
    return forked.ask(named, root, shown=0, seconds=3600).failed if named else ()


def verdict(mutant: Mutant, root: Path, *, first_alone: bool = False) -> Verdict:
    """Plants a defect below `root`, asks the tests, and takes it back. A class of failures has tests of its own.

    With `first_alone` it lives when those that are asked first do not notice; of a class each marked test is asked.
    """
    started, ran, skipped = _spent(), 0, 0
    killers: Sequence[str] = ()
    for number, lot in enumerate(lots(mutant, root)):
        with _planted(mutant, root):
            answer = forked.ask(lot, root)
        ran, skipped = ran + answer.ran, skipped + answer.skipped
        killers = answer.failed
        if killers and number:
            # What fails without the defect would hide what fails with it.
            already = broken((name.partition("::")[0] for name in killers), root)
            killers = [name for name in killers if name not in already]
        if killers or (first_alone and mutant.failure is None):
            break
    return Verdict(killed_by=killers, ran=ran, seconds=round(_spent() - started, 1), skipped=skipped)


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _planted(mutant: Mutant, root: Path) -> Iterator[None]:
    path = root / mutant.file
    text, found = path.read_text(encoding="utf-8"), path.stat()
    path.write_text(text.replace(mutant.was, mutant.becomes), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")
        # The bytecode of the file is good again.
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
