"""The bench of part `databases`: Postgres, archived and restored by what the plugin of CloudNativePG runs."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from settings.model import Settings
from tools.backups.part import Bench, Fault
from tools.databases import site
from tools.databases.postgres import Postgres
from tools.databases.site import Site


@dataclass(kw_only=True)
class DatabasesBench:
    """See Bench: sentinels are rows."""

    site: Site
    postgres: Postgres
    what: str = (
        "real: Debian's Postgres, barman-cloud as the plugin runs it, rclone as the gateway, versitygw as the target"
    )

    def begin(self) -> None:
        """Have a new server write to the first archive; raises BackupError."""
        archive = self.site.archive(1)
        self.postgres.initialise(archive.archive_command)
        archive.check_empty()
        self.postgres.start()
        self.postgres.ask("CREATE TABLE sentinels (number serial, value text)")

    def write(self, sentinel: str) -> None:
        """See Bench."""
        self.postgres.ask("INSERT INTO sentinels (value) VALUES (:'value')", value=sentinel)

    def back_up(self) -> None:
        """See Bench: a base backup, then the log that has been written since."""
        name = f"backup-{time.time_ns()}"
        self.site.archive(1).back_up(name, {"PGHOST": str(self.postgres.folder)})
        self.postgres.archive()

    def destroy(self) -> None:
        """See Bench: what remembers goes, too."""
        self.postgres.destroy()
        self.site.gateway.stop()

    def plant(self, fault: Fault) -> None:
        """See Bench."""
        if fault is Fault.WRONG_KEY:
            self.site.gateway.password += "x"
        for file in self.site.objects():
            spoil(file, fault)

    def restore(self) -> None:
        """See Bench."""
        self.site.gateway.start()
        self.postgres = self.site.postgres("postgres-2", 2)
        recover(self.site, self.postgres, 2)

    def sentinel(self) -> str | None:
        """See Bench."""
        return self.postgres.ask("SELECT value FROM sentinels ORDER BY number DESC LIMIT 1") or None


def recover(site: Site, made: Postgres, number: int | None, at: datetime | None = None, source: int = 1) -> None:
    """Make a server of an archive, as it was at a time, have it write to the one of that number, and start it.

    Without a number it writes to none. The steps are those of the plugin: see barman.py. Raises BackupError.
    """
    old, own = site.archive(source), None if number is None else site.archive(number)
    if own is not None:
        own.check_empty()
    made.folder.mkdir()
    old.restore(made.data, at)
    made.configure(
        restore_command=old.restore_command,
        **({"archive_mode": "off"} if own is None else {"archive_command": own.archive_command}),
        recovery_target_action="promote",
        **({"recovery_target_time": at.isoformat(sep=" ")} if at else {}),
    )
    (made.data / "recovery.signal").touch()
    made.start()


def spoil(file: Path, fault: Fault) -> None:
    """Cut a file in half, or change a byte in its middle."""
    content = file.read_bytes()
    middle = len(content) // 2
    if fault is Fault.TRUNCATED:
        file.write_bytes(content[:middle])
    if fault is Fault.CORRUPT:
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])


@contextlib.contextmanager
def bench(settings: Settings, folder: Path) -> Iterator[Bench]:
    """See Part."""
    nfs = settings.backup is not None and settings.backup.target.nfs is not None
    with site.staged(folder, nfs=nfs) as made:
        yielded = DatabasesBench(site=made, postgres=made.postgres("postgres", 1))
        if nfs:
            yielded.what = yielded.what.replace("versitygw as the target", "the target is a directory")
        try:
            yielded.begin()
            yield yielded
        finally:
            yielded.postgres.stop()
