"""What `make up` ends with where there are backups: one of the state, as nothing else changes that."""

from collections.abc import Callable

from settings.model import Settings
from tools.backups import site, state
from tools.backups.store import BackupError
from tools.state import Engine


def back_up(settings: Settings, engine: Engine, say: Callable[[str], object]) -> None:
    """Write the state to the target and say where; an update that succeeded stays one where that fails."""
    if settings.backup is None:
        return
    try:
        there = site.opened(engine, settings)
        copy = state.write(engine, settings, there)
    except BackupError as error:
        say(f"warning: the state is not backed up: {error}; then make backup STACK={engine.stack}")
        return
    say(f"the state is backed up as {there.address}/{copy.name}")
