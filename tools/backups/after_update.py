"""What `make up` ends with where there are backups: one of the state, as nothing else changes that."""

from collections.abc import Callable

from settings.model import Settings
from tools.backups import site, state
from tools.backups.store import BackupError
from tools.state import Engine, State, StateError


def back_up(settings: Settings, engine: Engine, say: Callable[[str], object], before: State | None = None) -> None:
    """Write the state to the target and say where; an update that succeeded stays one where that fails.

    Of an update that did not come to its end there is one where the state is another than it was `before`: what was
    made until then is known to nobody else.
    """
    if settings.backup is None:
        return
    try:
        if before is not None and engine.state() == before:
            return
        there = site.opened(engine, settings)
        copy = state.write(engine, settings, there)
    except (BackupError, StateError) as error:
        say(f"warning: the state is not backed up: {error}; then make backup STACK={engine.stack}")
        return
    say(f"the state is backed up as {there.address}/{copy.name}")
