"""Asks tests in a process that has the packages of others imported already, which is what most of a run costs.

The process is forked: nothing of the program is imported before, so each sees the files as they are then.
"""

import contextlib
import gc
import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType

import pytest

from tools.mutants.catalogue import ROOT

SHOWN = 1
"""Failing tests after which a run ends: one that notices is told, and not all that do."""
SECONDS = 300.0
"""After which a run is ended: a defect may let a test wait for ever."""
_OPTIONS = (
    *("--no-header", "--no-summary", "-p", "no:cacheprovider", "-p", "no:xdist"),
    # What a failing test compares is read by nobody, and may be large.
    *("--assert=plain", "--tb=no"),
)
_NOTHING_WRONG = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of a run: tests that ran, skipped themselves and failed; packages of others that they imported."""

    ran: int
    skipped: int = 0
    failed: Sequence[str]
    packages: Sequence[str] = ()


class _Watch:
    """A plugin of pytest that keeps the names of tests which fail, and of files that cannot be read."""

    def __init__(self) -> None:
        self.ran = self.skipped = 0
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.ran += report.when == "call" and not report.skipped
        self.skipped += report.skipped
        self._keep(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._keep(report)

    def _keep(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)


def ask(
    tests: Sequence[str], root: Path, *, shown: int = SHOWN, seconds: float = SECONDS, keep_bytecode: bool = False
) -> Answer:
    """Runs tests of the tree at `root`, until `shown` have failed (0: all).

    Bytecode is kept of a tree without a defect alone: a mutant as long as the file, of the same second, would be taken
    for it.
    """
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    process = fork.Process(target=_child, args=(theirs, tests, root, shown, keep_bytecode))
    process.start()
    theirs.close()
    try:
        answer = (
            Answer(**ours.recv()) if ours.poll(seconds) else Answer(ran=0, failed=[f"no end within {seconds:.0f} s"])
        )
    except EOFError:
        answer = Answer(ran=0, failed=["the process of the tests ended"])
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.join()
    return answer


def _child(pipe: Connection, tests: Sequence[str], root: Path, shown: int, keep_bytecode: bool) -> None:
    os.setsid()
    gc.freeze()  # What is inherited is no garbage; looking through it would copy it, too.
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    _enter(root, keep_bytecode=keep_bytecode)
    watch = _Watch()
    code = pytest.main([f"--rootdir={root}", f"--maxfail={shown}", *_OPTIONS, *_kind(tests), *tests], plugins=[watch])
    if code not in _NOTHING_WRONG and not watch.failed:
        watch.failed.append(f"pytest ended with {code}")
    packages = [name for name, one in _loaded() if not _is_below(one, root)]
    pipe.send({"ran": watch.ran, "skipped": watch.skipped, "failed": watch.failed, "packages": packages})
    pipe.close()
    os._exit(0)


def _kind(tests: Sequence[str]) -> Sequence[str]:
    """Real programs are asked where they are named, and skipped where they are not there."""
    return () if any(one.startswith("tests/real/") for one in tests) else ("-m", "not real")


def _enter(root: Path, *, keep_bytecode: bool) -> None:
    """As if the interpreter had begun in `root`, and never heard of the checkout that the defect is not in."""
    os.chdir(root)
    os.environ["PYTHONPATH"] = str(root)
    sys.path[:] = [str(root), *(one for one in sys.path if one and Path(one).resolve() != ROOT)]
    for name in [name for name, one in _loaded() if _is_below(one, ROOT)]:
        del sys.modules[name]
    importlib.invalidate_caches()
    sys.dont_write_bytecode = not keep_bytecode
    os.environ["PYTHONDONTWRITEBYTECODE"] = "" if keep_bytecode else "1"


def _loaded() -> list[tuple[str, ModuleType]]:
    """Without those of the SDKs that wait for their first use: to look into one would load it."""
    return [(name, one) for name, one in sys.modules.items() if type(one) is ModuleType]


def _is_below(module: ModuleType, root: Path) -> bool:
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(Path(one).is_relative_to(root) and "site-packages" not in one for one in places if one)


def warm(packages: Iterable[str]) -> None:
    """Imports what the tests import anyway, once for all processes to come."""
    for name in packages:
        with contextlib.suppress(ImportError):
            # A module of an SDK loads when something of it is asked for, and must before its parts are.
            hasattr(importlib.import_module(name), "__all__")
