"""Part `databases`: what the plugin barman-cloud leaves of Postgres, and how the stack file has it back."""

from datetime import datetime, timedelta
from typing import Final

from components.backup.target import Part as Folder
from settings.cron import previous
from tools.backups.part import Site, Step, Wanted
from tools.backups.store import BackupError, Copy

NAME: Final = Folder.DATABASES.value
_ENDING: Final = "/backup.info"
"""Of what barman-cloud-backup writes last."""
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
    """See Part: the stack file says it, which a person writes."""
    if last(site, wanted.at) is None:
        before = f" that had ended by {wanted.at}" if wanted.at else ""
        raise BackupError(f"{site.store.address}/{NAME} holds no base backup{before}")
    used = site.settings.databases.archive
    moment = f", time: '{wanted.at:%Y-%m-%dT%H:%M:%SZ}'" if wanted.at else ""
    edit = f"home-cluster:databases gets archive: {used + 1} and recovery: {{archive: {used}{moment}}}"
    return [
        Step(does=f"in the stack file, {edit} (docs/runbooks/databases.md#restore-all-databases)", minutes=2),
        Step(
            does="Postgres, its volumes included, is DELETED and made anew of the base backup and the log",
            minutes=_MINUTES,
            command=f"make up STACK={site.engine.stack}",
        ),
    ]
