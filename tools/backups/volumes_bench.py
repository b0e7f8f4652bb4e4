"""The bench of part `volumes`: a directory, the script of the pod, and restic, which is built where it is missing."""

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.backup.target import Part
from scripts import volumes as script
from scripts.restic import Restic, ResticError
from settings.model import Settings
from tools import real_programs, real_servers
from tools.backups.outside import Outside, directory
from tools.backups.part import Fault
from tools.backups.store import BackupError
from tools.files import SetupError

_SENTINEL = "repositories/sentinel"


class _Stopped:
    """A cluster in which the workload is stopped: nothing of it runs."""

    def get(self, path: str) -> Mapping[str, Any]:
        """A scale, or no pods."""
        return {"status": {"selector": "app=drill"}, "items": [], "path": path}

    def patch(self, path: str, change: Mapping[str, Any]) -> None:
        """There is nothing to stop."""


@dataclass(kw_only=True)
class VolumeBench:
    """See Bench: the sentinel is a file of the volume.

    Attributes:
        files: Directory of what the target holds of the repository.
    """

    volume: Path
    files: Path
    environment: dict[str, str]
    what: str

    def write(self, sentinel: str) -> None:
        """See Bench."""
        file = self.volume / _SENTINEL
        file.write_text(sentinel, encoding="utf-8")

    def back_up(self) -> None:
        """See Bench. A volume in which nothing is, is not backed up at all."""
        self._run(script.backup)

    def destroy(self) -> None:
        """See Bench: the volume, and the cache of restic, which would hide what is wrong with the repository."""
        for place in self.volume, Path(self.environment["RESTIC_CACHE_DIR"]):
            shutil.rmtree(place, ignore_errors=True)
        self.volume.mkdir()

    def plant(self, fault: Fault) -> None:
        """See Bench. Every file of content, since a snapshot may need any."""
        if fault is Fault.WRONG_KEY:
            self.environment["RESTIC_PASSWORD"] = secrets.token_urlsafe()
        for file in (self.files / "data").rglob("*"):
            if file.is_file() and fault in (Fault.TRUNCATED, Fault.CORRUPT):
                _spoil(file, fault)

    def restore(self) -> None:
        """See Bench."""
        self._run(script.restore)

    def sentinel(self) -> str | None:
        """See Bench."""
        file = self.volume / _SENTINEL
        return file.read_text(encoding="utf-8") if file.exists() else None

    def _run(self, action: Callable[[Any, Any, Mapping[str, str]], object]) -> None:
        try:
            action(Restic(self.environment), _Stopped(), self.environment)
        except (ResticError, script.RefusedError) as error:
            raise BackupError(str(error)) from None


def _spoil(file: Path, fault: Fault) -> None:
    content = bytearray(file.read_bytes())
    file.chmod(0o600)
    content[len(content) // 4] ^= 0xFF
    file.write_bytes(content[: len(content) // 2] if fault is Fault.TRUNCATED else content)


@contextmanager
def bench(settings: Settings, folder: Path, outside: Outside | None = None) -> Iterator[VolumeBench]:
    """See Part; its target is a directory, if it is not `outside`."""
    try:
        binary = real_servers.ensure(real_programs.RESTIC).binary
    except SetupError as error:
        raise BackupError(f"restic is not there ({error})") from None
    volume, to = folder / "volume", outside or directory(folder / "target", settings.cluster.name)
    (volume / "repositories").mkdir(parents=True)
    (volume / "repositories" / "other").write_text("was there before the sentinel", encoding="utf-8")
    environment = {
        "RESTIC": str(binary),
        **to.repository("drill"),
        "RESTIC_PASSWORD": secrets.token_urlsafe(),
        "RESTIC_CACHE_DIR": str(folder / "cache"),
        **{"DATA": str(volume), "KEEP_DAYS": "30", "AS_OF": "latest", "SECONDS": "0"},
        **{"NAMESPACE": "drill", "WORKLOAD": "deployments/drill", "REPLICAS": "0", "QUIESCE": "true"},
    }
    what = f"real: restic, and the script of the pod; {to.what}, what would be stopped is not there"
    yield VolumeBench(volume=volume, files=to.files / Part.VOLUMES / "drill", environment=environment, what=what)
