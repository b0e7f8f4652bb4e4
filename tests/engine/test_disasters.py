"""What was lost comes back, as docs/runbooks/disasters.md says: played through on the lab."""

import os
import shutil
from pathlib import Path

import pytest

from lab.checkout import ROOT, Stack, passphrase
from settings.backup import BackupSettings, BackupTarget
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.engine.platform import STACK_FILE, Outcome, copy_of, driver
from tools.backups import state, state_bench, store
from tools.backups.part import Site, Wanted
from tools.backups.store import BackupError
from tools.state import Engine

pytestmark = pytest.mark.engine


def engine_of(stack: Stack, secret: str) -> Engine:
    """The CLI as a person has it on that stack, with a passphrase."""
    environment = os.environ | {
        "PULUMI_BACKEND_URL": f"file://{stack.backend}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": secret,
        "PULUMI_HOME": str(stack.workdir / "home"),
    }
    return Engine(ROOT / ".tools" / "pulumi", stack.name, stack.project, environment=environment)


def backed_up(recipient: str) -> Settings:
    backup = BackupSettings(target=BackupTarget(), recipients=(recipient,))
    return load_stack_file(STACK_FILE).model_copy(update={"backup": backup})


def test_a_lost_state_comes_back_and_nothing_is_to_be_changed(platform: Outcome, tmp_path: Path) -> None:
    stack, key = copy_of(platform.stack, tmp_path / "copy"), tmp_path / "key.txt"
    shutil.copy(ROOT / "requirements.txt", stack.project)
    settings, target = backed_up(state_bench.new_key(key)), store.directory(tmp_path / "target", "engine")
    site = Site(engine=engine_of(stack, passphrase(stack)), settings=settings, store=target)
    stranger = Site(engine=engine_of(stack, "another passphrase"), settings=settings, store=target)
    with pytest.raises(BackupError, match="the passphrase at hand does not open the state"):
        state.write(stranger.engine, settings, target)
    state.write(site.engine, settings, target)
    shutil.rmtree(stack.backend)
    stack.backend.mkdir()
    kept = stack.project / f"Pulumi.{stack.name}.yaml"
    kept.unlink()
    with pytest.raises(BackupError, match="the passphrase at hand does not open the state of the backup"):
        restored(stranger, key)
    assert not site.engine.state(), "what does not open is not left"
    restored(site, key)
    again = driver(stack).preview()
    assert (again.ok, again.changed) == (True, 0), again.error


def restored(site: Site, key: Path) -> None:
    for step in state.plan(site, Wanted(key=key)):
        assert step.run is not None, "a person has no part in it"
        step.run()
