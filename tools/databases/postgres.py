"""A real Postgres of the loopback, from Debian's package."""

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.backups.store import BackupError

_SECONDS = 60
# Debian keeps the servers of every release beside each other, and none of them on PATH.
_DEBIAN = "/usr/lib/postgresql"


@dataclass(kw_only=True)
class Postgres:
    """A server on a socket in its own folder.

    Attributes:
        programs: Directory of initdb, pg_ctl and the rest.
        folder: Of its data, in `data`, and its socket.
        environment: Of the server, and so of its archive_command and its restore_command.
    """

    programs: Path
    folder: Path
    environment: Mapping[str, str]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def initialise(self, archive_command: str) -> None:
        """A new cluster that archives its log, checksums included as CloudNativePG's may be; raises BackupError."""
        self.folder.mkdir()
        self._run("initdb", "--pgdata", str(self.data), "--username=postgres", "--data-checksums", "--no-sync")
        self.configure(archive_mode="on", archive_command=archive_command)

    def configure(self, **parameters: str) -> None:
        """Parameters for the next start; the last of several holds."""
        lines = (f"{name} = '{value.replace(chr(39), 2 * chr(39))}'\n" for name, value in parameters.items())
        with (self.data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            file.writelines(lines)

    def start(self) -> None:
        """Start it, and wait until it takes connections and, after a recovery, writes; raises BackupError."""
        options = f"-c listen_addresses='' -c unix_socket_directories={shlex.quote(str(self.folder))} -c fsync=off"
        # Its last output is of its own process: pg_ctl would wait for a pipe that the server keeps open.
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "-w", "-t", str(_SECONDS), "-D", str(self.data), "-l", log, "-o", options)
        deadline = time.monotonic() + _SECONDS
        while self.ask("SELECT pg_is_in_recovery()") != "f":
            if time.monotonic() > deadline:
                raise BackupError(f"Postgres does not end its recovery: {self._log()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it at once, as when the power fails."""
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.data))

    def destroy(self) -> None:
        """Stop it, and remove all it had."""
        self.stop()
        if self.folder.exists():  # one that was refused has none
            shutil.rmtree(self.folder)

    def ask(self, statement: str, **variables: str) -> str:
        """What a statement gives, without headings; psql quotes the variables. Raises BackupError."""
        words = ["--host", str(self.folder), "--username=postgres", "--no-psqlrc", "-qtA", "-v", "ON_ERROR_STOP=1"]
        for name, value in variables.items():
            words += ["-v", f"{name}={value}"]
        # Its option --command takes no variables.
        return self._run("psql", *words, text=statement).strip()

    def archive(self) -> str:
        """Close the segment that is written to, and give its name when it is archived; raises BackupError."""
        segment = self.ask("SELECT pg_walfile_name(pg_current_wal_lsn())")
        self.ask("SELECT pg_switch_wal()")
        deadline = time.monotonic() + _SECONDS
        while self.ask("SELECT last_archived_wal FROM pg_stat_archiver") < segment:
            if int(self.ask("SELECT failed_count FROM pg_stat_archiver")) or time.monotonic() > deadline:
                raise BackupError(f"the log of Postgres is not archived: {self._log()}")
            time.sleep(0.1)
        return segment

    def _log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")[-1500:]

    def _run(self, program: str, *words: str, text: str = "") -> str:
        run = subprocess.run(
            [*_as_another(), str(self.programs / program), *words],
            env={"PATH": os.defpath, "LC_ALL": "C", **self.environment},
            cwd=self.folder,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if run.returncode:
            log = self._log() if (self.folder / "log").exists() else ""
            raise BackupError(f"{program} fails: {run.stdout.strip()}\n{log}".strip())
        return run.stdout


def programs(root: Path = Path(_DEBIAN)) -> Path:
    """Directory of the newest release that is installed; raises BackupError."""
    releases = sorted((int(one.name), one / "bin") for one in root.glob("*") if one.name.isdecimal())
    found = next((bin for _, bin in reversed(releases) if (bin / "postgres").exists()), None)
    if found is None:
        raise BackupError("Postgres is not here: apt-get install postgresql")
    if _as_another() and subprocess.run([*_as_another(), "true"], check=False, capture_output=True).returncode:
        raise BackupError("Postgres does not run as root, and this machine does not let root be another user")
    return found


def _as_another() -> tuple[str, ...]:
    """Postgres refuses to run as root. In a namespace it sees another user, to whom the files of root belong."""
    return () if os.geteuid() else ("unshare", "--user", "--map-user=1000", "--map-group=1000")
