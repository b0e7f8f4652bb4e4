"""A real browser without a window, led over a pipe (chromedevtools.github.io/devtools-protocol)."""

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 120  # after which it hangs
_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    # It shows files of this project alone, also as root and in containers, and asks nobody for anything.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


def find() -> str | None:
    """The browser on PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Browser:
    """A browser with one tab; `heard` are the events that it sent."""

    reading: int
    writing: int
    session: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    _rest: bytes = b""
    _sent: int = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": parameters}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._sent:
            self.heard.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select.select([self.reading], [], [], _SECONDS)[0], "the browser does not answer"
            read = os.read(self.reading, 1 << 16)
            assert read, "the browser has ended"
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def show(self, file: Path, width: int, scheme: str, media: str = "screen") -> None:
        """Load a file into a window of that width (CSS pixels), for somebody who prefers the scheme."""
        self.heard.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        self.call("Page.navigate", url=file.as_uri())
        while not any(one.get("method") == "Page.loadEventFired" for one in self.heard):
            self.heard.append(self._next())

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def said(self) -> list[str]:
        """What it wrote into its console, and which addresses it asked for since `show`."""
        told = [one for one in self.heard if one["method"] in ("Log.entryAdded", "Runtime.consoleAPICalled")]
        asked = [one["params"]["request"]["url"] for one in self.heard if one["method"] == "Network.requestWillBeSent"]
        return [json.dumps(one["params"]) for one in told] + asked


@contextlib.contextmanager
def browsing(binary: str, profile: Path) -> Iterator[Browser]:
    """A browser of its own, with nothing in its profile."""
    ours, theirs = _pipe(), _pipe()
    files: Sequence[Any] = [
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, theirs[0], 3),  # it reads there
        (os.POSIX_SPAWN_DUP2, ours[1], 4),
    ]
    command = [binary, *_FLAGS, f"--user-data-dir={profile}"]
    process = os.posix_spawn(binary, command, dict(os.environ), file_actions=files, setsid=True)
    try:
        browser = Browser(ours[0], theirs[1])
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.call(f"{domain}.enable")
        yield browser
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        for end in (*ours, *theirs):
            os.close(end)


def _pipe() -> tuple[int, int]:
    """Ends that are none of the first descriptors, where the browser expects others."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return high[0], high[1]
