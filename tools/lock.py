"""The locks that operations of a stack hold, or have left."""

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tools.state import Engine, StateError


@dataclass(frozen=True, kw_only=True)
class Lock:
    """The lock of an operation, as the engine's file backend writes it."""

    pid: int
    user: str
    host: str
    since: str

    @property
    def dead(self) -> bool:
        """Whether it is of this machine, and its process is gone. What is unclear is not dead."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        status = Path(f"/proc/{self.pid}/status")
        # On Linux one that was killed and that nobody has waited for.
        return status.exists() and "State:\tZ" in status.read_text(encoding="utf-8")


def locks(engine: Engine) -> list[Lock]:
    """The locks of the stack, where the backend is a directory; other backends are the engine's to explain."""
    try:
        place = urlsplit(engine.backend())
    except StateError:
        return []
    if place.scheme != "file":
        return []
    # Of a relative one the CLI looks from where it is started (massageBlobPath of pkg/backend/diy).
    root = engine.root / Path(place.netloc + place.path).expanduser() / ".pulumi" / "locks"
    return [_lock(file) for file in sorted(root.rglob("*.json")) if file.parent.name == engine.stack.rsplit("/", 1)[-1]]


def _lock(file: Path) -> Lock:
    found = json.loads(file.read_text(encoding="utf-8"))
    return Lock(pid=found["pid"], user=found["username"], host=found["hostname"], since=found["timestamp"])
