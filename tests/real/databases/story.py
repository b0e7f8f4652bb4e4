"""A database, archived while it was written to, and lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tools.databases import site
from tools.databases.bench import recover
from tools.databases.site import Site

LOCK_DAYS = 1
ROWS = "SELECT coalesce(string_agg(value, ' ' ORDER BY number), '') FROM rows"


@dataclass(frozen=True, kw_only=True)
class Story:
    """Rows `before`, then a base backup, then `between`, a moment, `after`, and the loss of the server.

    Attributes:
        between: The moment, by the server's clock.
        closed: Last segment of its log.
    """

    site: Site
    between: datetime
    closed: str

    def rows(self, number: int, at: datetime | None = None) -> str:
        """The rows of a server made of the archive, which writes to the archive of that number."""
        made = self.site.postgres(f"postgres-{number}", number)
        try:
            recover(self.site, made, number, at)
            return made.ask(ROWS)
        finally:
            made.destroy()


@contextmanager
def told(folder: Path) -> Iterator[Story]:
    """The story; raises BackupError."""
    with site.staged(folder, lock_days=LOCK_DAYS) as made:
        archive, server = made.archive(1), made.postgres("postgres-1", 1)
        try:
            server.initialise(archive.archive_command)
            archive.check_empty()
            server.start()
            server.ask("CREATE TABLE rows (number serial, value text); INSERT INTO rows (value) VALUES ('before')")
            archive.back_up("backup-1", {"PGHOST": str(server.folder)})
            server.ask("INSERT INTO rows (value) VALUES ('between')")
            between = datetime.fromisoformat(server.ask("SET timezone TO 'UTC'; SELECT now() || ':00'"))
            server.ask("INSERT INTO rows (value) VALUES ('after')")
            closed = server.archive()
        finally:
            server.destroy()
        yield Story(site=made, between=between, closed=closed)
