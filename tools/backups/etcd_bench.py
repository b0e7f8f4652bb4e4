"""The bench of part `etcd`: a real server, of which a backup is made by the steps of the CronJob.

What Talos does is done by what it is made of: a snapshot is the stream of etcd's own API, and it comes back by etcdutl,
whose package Talos calls (internal/app/machined/pkg/system/services/etcd.go, recoverFromSnapshot).
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyrage

from components.backup.etcd import SNAPSHOT
from components.backup.target import Part
from lib.pod_scripts import SCRIPTS
from settings.model import Settings
from tools import real_programs, real_servers
from tools.backups import archive, etcd
from tools.backups.etcd_server import Server, running
from tools.backups.outside import Outside, directory
from tools.backups.part import Fault
from tools.backups.state_bench import spoil
from tools.backups.store import BackupError
from tools.files import SetupError

SENTINEL = "/registry/configmaps/default/sentinel"
PROGRAMS = (real_programs.ETCD, real_programs.ETCDUTL, real_programs.AGE, real_programs.RCLONE)


@dataclass(kw_only=True)
class EtcdBench:
    """See Bench: the sentinel is a key.

    Attributes:
        programs: Each program by its name.
        server: The server; None while there is none.
    """

    folder: Path
    settings: Settings
    outside: Outside
    key: Path
    programs: Mapping[str, Path]
    server: Server | None = None
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def what(self) -> str:
        """See Bench."""
        return f"real: etcd, etcdutl, age and rclone, by the scripts of the CronJob; no Talos, and {self.outside.what}"

    def start(self) -> Server:
        """Run etcd on what its directory holds."""
        self.server = self._running.enter_context(running(self.programs["etcd"], self.folder / "data"))
        return self.server

    def stop(self) -> None:
        """End it."""
        self._running.close()
        self.server = None

    def write(self, sentinel: str) -> None:
        """See Bench."""
        (self.server or self.start()).put(SENTINEL, sentinel)

    def back_up(self) -> None:
        """See Bench."""
        self.back_up_from(self.server or self.start())

    def back_up_from(self, server: Server) -> None:
        """What the CronJob does with a server; raises BackupError."""
        bundle, out, recipients = (self.folder / name for name in ("bundle", "out", "recipients"))
        for place in bundle, out:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
        (bundle / SNAPSHOT).write_bytes(server.snapshot())
        recipients.write_text("".join(f"{one.to_public()}\n" for one in archive.keys(self.key)), encoding="utf-8")
        environment: dict[str, str | Path] = {
            "DIRECTORY": bundle,
            "FILES": SNAPSHOT,
            "RECIPIENTS": recipients,
            "OUT": out,
        }
        self.run("bash", str(SCRIPTS / "backup_encrypt.sh"), environment=environment)
        target: dict[str, str | Path] = {
            "OUT": out,
            **self.outside.sending(Part.ETCD),
        }
        self.run("sh", str(SCRIPTS / "backup_upload.sh"), environment=target)

    def destroy(self) -> None:
        """See Bench: the server, its directory, and what the steps left."""
        self.stop()
        for name in "data", "bundle", "out":
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def plant(self, fault: Fault) -> None:
        """See Bench."""
        if fault is Fault.WRONG_KEY:
            _new_key(self.key)
        for copy in self.outside.store.copies(etcd.NAME):
            spoil(self.outside.store, copy.name, fault)

    def restore(self) -> None:
        """See Bench."""
        copy = next(iter(self.outside.store.copies(etcd.NAME)), None)
        if copy is None:
            raise BackupError("there is no backup")
        file = self.folder / SNAPSHOT
        file.write_bytes(etcd.taken(self.outside.store, copy, self.key))
        self.run("etcdutl", "snapshot", "restore", str(file), "--data-dir", str(self.folder / "data"))
        self.start()

    def sentinel(self) -> str | None:
        """See Bench."""
        return None if self.server is None else self.server.get(SENTINEL)

    def run(self, *command: str, environment: Mapping[str, str | Path] | None = None) -> None:
        """Run a program with the others on its PATH; raises BackupError with the last that it said."""
        path = os.pathsep.join(
            [*(str(one.parent) for one in self.programs.values()), os.environ.get("PATH", os.defpath)]
        )
        given = {name: str(value) for name, value in (environment or {}).items()}
        variables = {"PATH": path, "HOME": str(self.folder), **given}
        ended = subprocess.run(
            [shutil.which(command[0], path=path) or command[0], *command[1:]],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            said = ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"]
            name = Path(command[1]).name if command[1].endswith(".sh") else command[0]
            raise BackupError(f"{name}: {said[-1]}")


@contextmanager
def bench(settings: Settings, folder: Path, outside: Outside | None = None) -> Iterator[EtcdBench]:
    """See Part; its target is a directory, if it is not `outside`."""
    try:
        programs = {one.name: real_servers.find(one).binary for one in PROGRAMS}
    except SetupError as error:
        raise BackupError(f"what the drill runs is missing: {error}") from None
    made = EtcdBench(
        folder=folder,
        settings=settings,
        outside=outside or directory(folder / "target", settings.cluster.name),
        key=folder / "key.txt",
        programs=programs,
    )
    _new_key(made.key)
    try:
        yield made
    finally:
        made.stop()


def _new_key(file: Path) -> None:
    """A private key as age-keygen writes it."""
    file.write_text(f"{pyrage.x25519.Identity.generate()}\n", encoding="utf-8")
