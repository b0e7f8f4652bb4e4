"""Part `state`: what is written, who can open it, how long it stays, and what is refused when it comes back."""

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest

from tests.tools.backups.states import PLAIN, STACK, Kept, backed_up, checkout, exported
from tools import real_programs, real_servers
from tools.backups import after_update, archive, restore, state, state_bench, store
from tools.backups.part import Site, Wanted
from tools.backups.store import BackupError
from tools.files import SetupError

CHAINS = "examples/chains/data"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key as age-keygen writes it."""
    state_bench.new_key(tmp_path / "key.txt")
    return tmp_path / "key.txt"


@pytest.fixture
def site(tmp_path: Path, key: Path) -> Site:
    """A stack with one backup in a directory."""
    recipient = key.read_text().split()[3]
    settings = backed_up(recipient)
    there = store.directory(tmp_path / "target", PLAIN.cluster.name)
    found = Site(engine=checkout(tmp_path / "checkout"), settings=settings, store=there)
    state.write(found.engine, settings, there)
    return found


def run(site: Site, wanted: Wanted) -> None:
    for step in state.plan(site, wanted):
        assert step.run is not None
        step.run()


def lost(site: Site, root: Path) -> Site:
    """The same where the checkout and the backend are empty."""
    root.mkdir()
    (root / "requirements.txt").write_text("pulumi==3.250.0\n")
    return replace(site, engine=Kept(root / "pulumi", STACK, root, held={}))


def test_a_lost_state_comes_back_with_its_stack_file(site: Site, key: Path, tmp_path: Path) -> None:
    empty = lost(site, tmp_path / "new")
    run(empty, Wanted(key=key))
    assert empty.engine.state() == exported()
    kept, here = f"Pulumi.{STACK}.yaml", empty.engine.root
    assert (here / kept).read_text() == (site.engine.root / kept).read_text()
    assert not (here / archive.STATE).exists(), "the state goes into the backend alone"


def test_whoever_reads_the_target_learns_neither_names_nor_secrets(site: Site, key: Path) -> None:
    copy = state.last(site)
    assert copy is not None
    content = site.store.get(copy.name)
    assert (len(content), content[:21]) == (copy.size, b"age-encryption.org/v1")
    sheet = site.store.get(f"state/{archive.SHEET}").decode()
    assert key.read_text().split()[3] in sheet, "whose private key is needed"
    assert "AGE-SECRET-KEY" not in sheet
    found = archive.opened(content, archive.keys(key), "it")
    assert set(found.files) == {"state.json", "RECOVERY.md", f"Pulumi.{STACK}.yaml", "Pulumi.yaml"}
    assert found.files["RECOVERY.md"].decode() == sheet


@pytest.mark.real
def test_age_itself_opens_it(site: Site, key: Path) -> None:
    try:
        age = real_servers.find(real_programs.AGE).binary
    except SetupError as error:
        pytest.skip(str(error))
    copy = state.last(site)
    assert copy is not None
    decrypted = subprocess.run([age, "-d", "-i", key], input=site.store.get(copy.name), capture_output=True, check=True)
    listed = subprocess.run(["/bin/tar", "tz"], input=decrypted.stdout, capture_output=True, check=True)
    assert "state.json" in listed.stdout.decode().split()


def test_a_passphrase_that_opens_nothing_is_found_before_it_is_needed(site: Site, tmp_path: Path) -> None:
    closed = checkout(tmp_path / "other", closed=True)
    with pytest.raises(BackupError, match="the passphrase at hand does not open the state, so nobody may later"):
        state.write(closed, site.settings, site.store)
    assert len(state.copies(site.store)) == 1
    assert not list((tmp_path / "target").rglob("*.part"))


def test_old_backups_go_but_for_the_last_seven(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "target" / PLAIN.cluster.name / "state"
    for days in range(20, 32):
        there = folder / f"old-{days}.tar.age"
        there.write_bytes(b"")
        past = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        os.utime(there, (past, past))
    state.write(site.engine, backed_up(days=22), site.store)
    left = [one.name.rpartition("/")[2] for one in state.copies(site.store)]
    assert len(left) == 7
    assert not {f"old-{days}.tar.age" for days in range(26, 32)} & set(left), "the oldest went"
    state.write(site.engine, backed_up(days=365), site.store)
    assert {f"old-{days}.tar.age" for days in range(20, 25)} <= {one.name[6:] for one in state.copies(site.store)}


def test_a_backup_is_taken_from_before_a_time(site: Site) -> None:
    copy = state.last(site)
    assert copy is not None
    assert state.last(site, copy.when - timedelta(seconds=1)) is None
    assert state.last(site, copy.when) == copy


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"standing": 2}, "has a state of 2 resources, which this would replace.*--replace"),
        ({"salt": "another"}, "has another encryptionsalt than the backup"),
        ({"pulumi": "3.249.9"}, "was written by Pulumi 3.250.0, and this checkout has 3.249.9"),
        ({"stack": "other"}, "is of stack test-cluster, not of other"),
        ({"key": None}, "KEY=<file>"),
        ({"key": "nothing\n"}, "holds no private key of age"),
        ({"key": str(pyrage.x25519.Identity.generate())}, "was written for other recipients"),
        ({"at": datetime(2020, 1, 1, tzinfo=UTC)}, "holds no backup from before 2020"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    broken: dict[str, object], says: str, site: Site, key: Path, tmp_path: Path
) -> None:
    there = lost(site, tmp_path / "new")
    wanted, root = Wanted(key=key), there.engine.root
    match broken:
        case {"standing": int(number)}:
            there = replace(there, engine=checkout(root, state=exported(of=number)))
        case {"salt": salt}:
            (root / f"Pulumi.{STACK}.yaml").write_text(f"encryptionsalt: v1:{salt}\n")
        case {"pulumi": version}:
            (root / "requirements.txt").write_text(f"pulumi=={version}\n")
        case {"stack": str(name)}:
            there = replace(there, engine=replace(there.engine, stack=name))
        case {"key": None}:
            wanted = Wanted()
        case {"key": text}:
            key.write_text(str(text))
        case {"at": datetime() as at}:
            wanted = Wanted(key=key, at=at)
    before = sorted(root.iterdir())
    with pytest.raises(BackupError, match=says):
        state.plan(there, wanted)
    assert sorted(root.iterdir()) == before


def test_a_state_that_is_replaced_is_kept(site: Site, key: Path, tmp_path: Path) -> None:
    there = replace(site, engine=checkout(tmp_path / "other", state=exported(of=2)))
    run(there, Wanted(key=key, replace=True))
    assert there.engine.state() == exported()
    assert len(list((there.engine.root / "build" / "state").glob(f"{STACK}-*.json"))) == 1


def test_a_restored_state_that_the_passphrase_does_not_open_says_so(site: Site, key: Path, tmp_path: Path) -> None:
    there = lost(site, tmp_path / "new")
    assert isinstance(there.engine, Kept)
    there.engine.held["closed"] = True
    with pytest.raises(BackupError, match="the passphrase at hand does not open the state of the backup"):
        run(there, Wanted(key=key))


def test_an_update_ends_with_a_backup_and_stays_one_where_that_fails(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    after_update.back_up(PLAIN, site.engine, said.append)
    after_update.back_up(site.settings, site.engine, said.append)
    assert said == [
        "warning: the state is not backed up: nas.example.com:/export is not mounted on this machine: mount it, or "
        "name a directory: TO=<directory>; then make backup STACK=test-cluster"
    ]
    mounts = tmp_path / "mounts"
    mounts.write_text(f"nas.example.com:/export {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(store, "MOUNTS", mounts)
    after_update.back_up(site.settings, site.engine, said.append)
    assert said[1].startswith(f"the state is backed up as {tmp_path}/backups/{PLAIN.cluster.name}/state/20")
    after_update.back_up(site.settings, site.engine, said.append, before=exported())
    assert len(said) == 2, "it failed before it changed anything"
    after_update.back_up(site.settings, site.engine, said.append, before=exported(of=0))
    assert len(said) == 3, "it failed after it made something"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", None),
        ("latest", None),
        ("2026-11-27T03:00:00Z", datetime(2026, 11, 27, 3, tzinfo=UTC)),
        ("2026-11-27T03:00:00+02:00", datetime(2026, 11, 27, 1, tzinfo=UTC)),
    ],
)
def test_a_time_has_its_zone(text: str, at: datetime | None) -> None:
    assert restore.wanted(text).at == at


@pytest.mark.parametrize("text", ["yesterday", "2026-11-27T03:00:00", "/nowhere"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BackupError, match="is no file and no time with its zone"):
        restore.wanted(text)
