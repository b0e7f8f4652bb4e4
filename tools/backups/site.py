"""What is asked of a stack before its backups are: its settings, its secrets, its target and when it was updated."""

import json
from datetime import UTC, datetime
from pathlib import Path

from settings.model import Settings
from tools import secret_values
from tools.backups import store
from tools.backups.part import Site
from tools.backups.store import BackupError, Store
from tools.state import Engine, StateError

_UPDATES = "20"


def of(engine: Engine, settings: Settings, to: Path | None = None) -> Site:
    """The stack with the target that it declares, or the directory `to`; raises BackupError."""
    found = opened(engine, settings) if to is None else store.directory(to, settings.cluster.name)
    return Site(engine=engine, settings=settings, store=found, updated=updated(engine))


def opened(engine: Engine, settings: Settings) -> Store:
    """The target that the stack file declares; raises BackupError."""
    try:
        secrets = secret_values.opened(engine) if settings.backup is not None else {}
    except StateError as error:
        raise BackupError(f"the key pair of the target cannot be opened: {error}") from None
    return store.declared(settings, secrets)


def updated(engine: Engine) -> datetime | None:
    """When the last update ended, however it did."""
    try:
        history = json.loads(engine.call("stack", "history", "--json", "--page-size", _UPDATES))
    except (StateError, ValueError):
        return None
    ends = (str(one.get("endTime") or "") for one in history or () if one.get("kind") == "update")
    return next((datetime.fromisoformat(end).astimezone(UTC) for end in ends if end), None)
