"""Part `databases`: what the plugin barman-cloud leaves of Postgres, and how the stack file has it back."""

import re
from datetime import datetime, timedelta
from typing import Final

from components.backup.target import Part as Folder
from lib.names import POSTGRES_CLUSTER
from lib.runbooks import path
from settings.cron import previous
from tools.backups.part import Site, Step, Wanted
from tools.backups.store import BackupError, Copy, Store

NAME: Final = Folder.DATABASES.value
_ENDING: Final = "/backup.info"
"""Of what barman-cloud-backup writes last."""
_ARCHIVE: Final = re.compile(rf"{NAME}/{POSTGRES_CLUSTER}-(\d+)/")
_GRACE: Final = timedelta(hours=3)
"""From the time in the schedule to the base backup."""
_MINUTES: Final = 30


def last(site: Site, at: datetime | None = None) -> Copy | None:
    """See Part: of the base backups; what was written since is in the log."""
    copies = (one for one in site.store.copies(NAME) if one.name.endswith(_ENDING) and (at is None or one.when <= at))
    return next(copies, None)


def due(site: Site, now: datetime) -> datetime | None:
    """See Part: from the last time of the schedule that is over for a while, unless that was before the update."""
    if site.settings.backup is None or site.updated is None:
        return None
    wanted = previous(site.settings.backup.schedules.databases, now - _GRACE)
    return wanted if wanted > site.updated else None


def plan(site: Site, wanted: Wanted) -> list[Step]:
    """See Part: the stack file says it, which a person writes. Nothing where the new archive is in use already."""
    said = edit(site, wanted)
    if not said and site.settings.databases.archive in _used(site.store):
        return []
    return [
        *said,
        Step(
            does="Postgres, its volumes included, is DELETED and made anew of the base backup and the log",
            minutes=_MINUTES,
            command=f"make up STACK={site.engine.stack}",
        ),
    ]


def edit(site: Site, wanted: Wanted) -> list[Step]:
    """What a person writes into the stack file, of which the next Postgres is made; nothing where that stands there.

    Raises BackupError.
    """
    copy = last(site, wanted.at or wanted.begun)
    if copy is None:
        before = f" that had ended by {wanted.at}" if wanted.at else ""
        raise BackupError(f"{site.store.address}/{NAME} holds no base backup{before}")
    databases, source = site.settings.databases, _number(copy.name)
    moment = f"{wanted.at:%Y-%m-%dT%H:%M:%SZ}" if wanted.at else None
    there = databases.recovery
    if there is not None and (there.archive, there.time) == (source, moment) and databases.archive > source:
        return []
    following = max({databases.archive, *_used(site.store)}) + 1
    recovery = f"archive: {source}" + (f", time: '{moment}'" if moment else "")
    does = f"home-cluster:databases gets archive: {following} and recovery: {{{recovery}}}"
    return [Step(does=f"in the stack file, {does} (docs/runbooks/databases.md#restore-all-databases)", minutes=2)]


def refused(site: Site) -> str:
    """Why a Postgres that is made anew could not be archived, and what to do; empty where it could.

    CloudNativePG has the archive of a new Cluster checked, whether it begins empty or is recovered (cloudnative-pg,
    pkg/management/postgres/initdb.go, restore.go: `.check-empty-wal-archive`), by barman-cloud-check-wal-archive,
    which wants no log at all there (barman, barman/xlog.py, check_archive_usable).
    """
    databases, used = site.settings.databases, _used(site.store)
    if databases.archive not in used:
        return ""
    return (
        f"databases.archive {databases.archive} holds the log of the Postgres that is there now, and a new one may not "
        f"write to it. To have its data back, set databases.archive: {max(used) + 1} and databases.recovery: "
        f"{{archive: {databases.archive}}}. To begin without, move {NAME}/{POSTGRES_CLUSTER}-{databases.archive} away "
        f"in {site.store.address} ({path('databases.md#the-log-is-not-archived')})"
    )


def _used(store: Store) -> set[int]:
    """Numbers of the archives in which something lies."""
    return {_number(copy.name) for copy in store.copies(NAME)} - {0}


def _number(name: str) -> int:
    """Of the archive of a file; 0 of a file that is in none."""
    found = _ARCHIVE.match(name)
    return int(found[1]) if found else 0
