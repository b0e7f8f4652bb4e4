"""The pulumi CLI as a child, whose events are read from its log of events."""

import json
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any, Final

from pulumi.automation.events import EngineEvent

from reporting.events import Event, Listener, compact

_READS_EVERY_SECONDS: Final = 0.1
_QUIET: Final = ("--non-interactive", "--color", "never")
_INTERRUPTED: Final = (
    "interrupted: what is under way is brought to its end first; Ctrl-C again ends at once, and the next run then has "
    "to find out how far that got"
)


@dataclass
class Heard:
    """The signals that came while a child ran."""

    interrupts: int = 0
    child: "subprocess.Popen[bytes] | None" = None

    def take(self, number: int, _: FrameType | None) -> None:
        """Ctrl-C reaches the child as well; whoever sends SIGTERM may mean this process alone."""
        self.interrupts += number == signal.SIGINT
        if number == signal.SIGTERM and self.child is not None:
            self.child.send_signal(number)


@contextmanager
def listening() -> Iterator[Heard]:
    """Ctrl-C and SIGTERM are heard, and end nothing here. Not ignored: the child would ignore them too."""
    heard = Heard()
    before = {number: signal.signal(number, heard.take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class EventLog:
    """The file of `--event-log`: a line of JSON for each event (pulumi/pulumi, pkg/backend/display/display.go)."""

    def __init__(self, path: Path) -> None:
        self._path, self._rest = path, b""
        self._file: IO[bytes] | None = None

    def read(self) -> Iterator[tuple[Event, bool]]:
        """What came since the last time, and of each whether it only foretells a step."""
        if self._file is None:
            if not self._path.exists():
                return
            self._file = self._path.open("rb")
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            found: dict[str, Any] = json.loads(line)
            event = compact(EngineEvent.from_json(found))
            if event is not None:
                yield event, any(isinstance(one, dict) and one.get("planning") for one in found.values())

    def close(self) -> None:
        """No more is read."""
        if self._file is not None:
            self._file.close()


@dataclass(frozen=True, kw_only=True)
class Cli:
    """The CLI in the directory of the project."""

    binary: Path
    root: Path
    environment: Mapping[str, str]

    def shown(self, arguments: Sequence[str], heard: Heard, listener: Listener) -> int:
        """Its exit code. It shows itself and may ask; `listener` gets the events of what was done once it has ended.

        The engine empties the file between a preview and its update, so what is there then is of the last of them.
        """
        with self._begun(arguments, heard) as (child, events):
            code = child.wait()
            for event, planned in events.read():
                if not planned:
                    listener(event)
        return _exit_code(code)

    def followed(
        self, arguments: Sequence[str], heard: Heard, listener: Listener, log: Path, say: Callable[[str], object]
    ) -> int:
        """Its exit code. Its own output goes to `log`; `listener` gets each event while it runs."""
        said = 0
        with log.open("wb") as output, self._begun((*arguments, *_QUIET), heard, output) as (child, events):
            code = None
            while code is None:
                try:
                    code = child.wait(_READS_EVERY_SECONDS)
                except subprocess.TimeoutExpired:
                    code = None
                for event, _ in events.read():
                    listener(event)
                if heard.interrupts > said:
                    said = heard.interrupts
                    say(_INTERRUPTED)
        return _exit_code(code)

    @contextmanager
    def _begun(
        self, arguments: Sequence[str], heard: Heard, output: IO[bytes] | None = None
    ) -> Iterator[tuple["subprocess.Popen[bytes]", EventLog]]:
        with tempfile.TemporaryDirectory() as directory:
            events = EventLog(Path(directory, "events"))
            command = [str(self.binary), *arguments, "--event-log", str(Path(directory, "events"))]
            # The flag is there only for who debugs commands, as which the Automation API presents itself too.
            environment = {**self.environment, "PULUMI_DEBUG_COMMANDS": "true"}
            stdin = None if output is None else subprocess.DEVNULL
            child = subprocess.Popen(
                command, cwd=self.root, env=environment, stdin=stdin, stdout=output, stderr=output and subprocess.STDOUT
            )
            heard.child = child
            try:
                with child:
                    yield child, events
            finally:
                heard.child = None
                events.close()


def _exit_code(code: int) -> int:
    """As a shell has it."""
    return code if code >= 0 else 128 - code
