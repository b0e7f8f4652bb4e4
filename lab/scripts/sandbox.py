"""Runs a Python script as its container does, inside this process: what it imports is either mounted beside it, or of
the standard library, where all that would touch this machine has been replaced by the pod's own.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from types import CodeType, ModuleType
from typing import Any, Final

from lab.scripts import library
from lab.scripts.clock import Clock
from lab.scripts.files import Files
from lab.scripts.network import Network

TERMINATION_LOG: Final = "/dev/termination-log"
_LOG_BYTES: Final = 2048  # of the log that the kubelet keeps for `FallbackToLogsOnError`

# Of the standard library, what touches neither files, network, clock nor other processes.
_HARMLESS: Final = frozenset(
    {
        *("base64", "collections", "collections.abc", "contextlib", "dataclasses", "enum", "functools", "hashlib"),
        *("itertools", "json", "operator", "re", "string", "textwrap", "types", "typing"),
        *("urllib.error", "urllib.parse"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Pod:
    """What the container of a script has.

    Attributes:
        files: Path -> content of what is mounted.
        now: What the clock on the wall says.
        volumes: Paths where a volume is mounted that can be written to.
        pause: Seconds that it sleeps at least. With a day all that can happen has happened, and whoever waits asks once
            more and gives up.
        meanwhile: What happens then.
        programs: Name -> program on PATH; None where it is a pod, which starts none.
    """

    files: Mapping[str, str]
    environment: Mapping[str, str]
    network: Network
    now: datetime
    volumes: tuple[str, ...] = ()
    pause: float = 86400.0
    meanwhile: Callable[[], object] = lambda: None
    programs: Mapping[str, library.Program] | None = None


@dataclass(frozen=True)
class Ended:
    """How a script ended: its exit code, its last words, and whether it had slept before."""

    code: int
    words: str
    waited: bool


def run(pod: Pod, main: str) -> Ended:
    """Runs the mounted file `main` to its end."""
    process = _Process(pod, main)
    try:
        process.execute("__main__", main)
        code: Any = 0
    except SystemExit as exit:
        code = exit.code or 0
    except Exception as error:
        process.printed.extend(traceback.format_exception_only(error))
        code = 1
    words = process.files.content.get(TERMINATION_LOG, b"").decode() or "".join(process.printed)[-_LOG_BYTES:]
    return Ended(code if isinstance(code, int) else 1, words.strip(), process.clock.slept)


@dataclass
class _Process:
    pod: Pod
    main: str
    printed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        held = {path: text.encode() for path, text in self.pod.files.items()}
        self.files = Files({**held, TERMINATION_LOG: b""}, frozenset(self.pod.volumes))
        self.clock = Clock(self.pod.now, self.pod.pause, self.pod.meanwhile)
        pod = self.pod
        self._own = library.modules(self.files, pod.environment, self.clock, pod.network, pod.programs)
        self._mounted: dict[str, ModuleType] = {}
        self._builtins = {**vars(builtins), "__import__": self._import, "print": self._print, "open": self.files.open}

    def execute(self, name: str, path: str) -> ModuleType:
        """The module of a mounted file, once its text has run."""
        module = self._mounted[name] = ModuleType(name)
        module.__dict__["__builtins__"] = self._builtins
        exec(_compiled(self.files.read(path).decode(), path), module.__dict__)  # noqa: S102 - it is the program's own
        return module

    def _import(
        self, name: str, _globals: Any = None, _locals: Any = None, wanted: tuple[str, ...] | None = (), level: int = 0
    ) -> ModuleType:
        """As `import name` or `from name import wanted`: a file beside the script comes first, as in `sys.path`."""
        if level == 0 and self._is_mounted(name):
            return self._module(name)
        beside = {one: f"{name}.{one}" for one in wanted or () if self._is_mounted(f"{name}.{one}")}
        if level == 0 and beside:
            package = ModuleType(name)
            vars(package).update({one: self._module(path) for one, path in beside.items()})
            return package
        if name not in self._own and name not in _HARMLESS:
            raise ModuleNotFoundError(f"No module named {name!r} (neither mounted nor known to the lab)")
        bound = name if wanted else name.partition(".")[0]
        return self._own.get(bound) or importlib.import_module(bound)

    def _module(self, name: str) -> ModuleType:
        return self._mounted.get(name) or self.execute(name, self._path(name))

    def _is_mounted(self, name: str) -> bool:
        return self._path(name) in self.files.content

    def _path(self, name: str) -> str:
        return f"{PurePosixPath(self.main).parent}/{name.replace('.', '/')}.py"

    def _print(self, *values: Any, sep: str = " ", end: str = "\n", file: Any = None, flush: bool = False) -> None:
        del file, flush  # both streams are one log
        self.printed.append(sep.join(map(str, values)) + end)


@functools.cache
def _compiled(text: str, path: str) -> CodeType:
    return compile(text, path, "exec", dont_inherit=True)
