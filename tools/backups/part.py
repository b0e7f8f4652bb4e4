"""What every part of a backup is asked, and what is asked of its bench in a drill."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from settings.model import Settings
from tools.backups.store import Copy, Store
from tools.cluster import Api, ClusterError, api_of
from tools.state import Engine, StateError


@dataclass(frozen=True, kw_only=True)
class Site:
    """A stack whose backups are asked for.

    Attributes:
        store: Where they lie.
        updated: When the last update ended; None where there was none, or nobody can tell.
    """

    engine: Engine
    settings: Settings
    store: Store
    updated: datetime | None = None

    def connect(self) -> Api | None:
        """The API of its cluster, as the state knows it by now; None where it does not answer, or is not known."""
        try:
            found = api_of(self.engine.state(decrypted=True) or {})
        except (ClusterError, StateError):
            return None
        return found if found is not None and found.silence() is None else None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to come back.

    Attributes:
        at: As it was at that time (UTC); None for as late as possible.
        service: Of this service alone; empty for all.
        file: This file, and nothing of the target.
        key: File with the private key of one of the recipients.
        replace: Whether what stands there may go.
        begun: When the restore began; base backups of Postgres since then are of the new one.
    """

    at: datetime | None = None
    service: str = ""
    file: Path | None = None
    key: Path | None = None
    replace: bool = False
    begun: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a restore.

    Attributes:
        does: What is done, for a person to read.
        minutes: How long it takes about.
        command: What is run, where it is a command.
        run: Does it; None where a person does. Raises BackupError.
    """

    does: str
    minutes: int
    command: str = ""
    run: Callable[[], None] | None = None


class Fault(StrEnum):
    """What a drill plants to see whether it would be noticed."""

    OLD = "old"
    MISSING = "missing"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    WRONG_KEY = "wrong-key"


class Bench(Protocol):
    """A part set up beside the real one: it is backed up, destroyed and restored there."""

    @property
    def what(self) -> str:
        """What it runs on, and which of it is real."""

    def write(self, sentinel: str) -> None:
        """Write what is looked for afterwards."""

    def back_up(self) -> None:
        """Back up as the stack does; raises BackupError."""

    def destroy(self) -> None:
        """Destroy all but the backup and the keys that lie outside."""

    def plant(self, fault: Fault) -> None:
        """TRUNCATED, CORRUPT: spoil every file of the backup; WRONG_KEY: have another key at hand for the restore."""

    def restore(self) -> None:
        """Restore from the backup alone; raises BackupError."""

    def sentinel(self) -> str | None:
        """What was written, as it is found after the restore; None where there is nothing."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a backup.

    Attributes:
        name: Its name, which is also that of its folder in the target.
        holds: What it holds, for a person.
        last: The newest backup, or the newest that is not younger; raises BackupError.
        due: From when the newest has to be at the latest; None where none is due yet.
        plan: The steps of a restore, in their order, before anything is done; raises BackupError.
        bench: A bench in an empty folder, for such a stack; raises BackupError where something is missing.
        of_services: Whether one service can come back alone.
        with_all: Whether it comes back where everything does.
    """

    name: str
    holds: str
    last: Callable[[Site, datetime | None], Copy | None]
    due: Callable[[Site, datetime], datetime | None]
    plan: Callable[[Site, Wanted], Sequence[Step]]
    bench: Callable[[Settings, Path], AbstractContextManager[Bench]]
    of_services: bool = False
    with_all: bool = True
