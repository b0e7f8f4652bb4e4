"""The part `etcd`: which snapshot is taken, and the steps of a restore with the addresses of the stack."""

import hashlib
import io
import os
import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest

from settings.model import Settings
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tests.support.pools import talos_of
from tools.backups import etcd, order, store
from tools.backups.part import Site, Wanted
from tools.backups.registry import PARTS
from tools.backups.store import BackupError
from tools.state import Engine, State

SETTINGS = load_stack_file(SHIPPED)
ADDRESSES = [str(node.address) for node in talos_of(SETTINGS).control_plane.nodes]


class Kept(Engine):
    """A stack whose state is given."""

    def state(self, *, decrypted: bool = False) -> State:
        stack = {"type": "pulumi:pulumi:Stack", "outputs": {"talosconfig": "context: home"}}
        return {"deployment": {"resources": [stack]}} if decrypted else {}


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "key.txt"
    file.write_text(f"{pyrage.x25519.Identity.generate()}\n", encoding="utf-8")
    return file


@pytest.fixture
def site(tmp_path: Path, key: Path) -> Site:
    """A stack with a backup of a snapshot."""
    there = store.directory(tmp_path / "target", SETTINGS.cluster.name)
    pages = b"x" * 4096
    there.put("etcd/2026-11-27T060500Z.tar.age", sealed(pages + hashlib.sha256(pages).digest(), key))
    engine = Kept(Path("/nowhere/pulumi"), "test-cluster", tmp_path)
    return Site(engine=engine, settings=SETTINGS, store=there)


def sealed(snapshot: bytes, key: Path, files: int = 1) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for number in range(files):
            member = tarfile.TarInfo(f"etcd.snapshot{number or ''}")
            member.size = len(snapshot)
            tar.addfile(member, io.BytesIO(snapshot))
    recipient = pyrage.x25519.Identity.from_str(key.read_text(encoding="utf-8").strip()).to_public()
    sealed_content: bytes = pyrage.encrypt(content.getvalue(), [recipient])
    return sealed_content


def test_the_plan_has_every_control_plane_and_destroys_nothing_by_itself(site: Site, key: Path) -> None:
    steps = etcd.plan(site, Wanted(key=key))
    (wiping,) = [step for step in steps if "reset" in step.command]
    assert wiping.run is None, "a person does"
    assert [line.split()[4] for line in wiping.command.splitlines()] == ADDRESSES, "one command for each"
    (bootstrap,) = [step for step in steps if "--recover-from" in step.command]
    assert bootstrap.command.split()[1:5] == [
        "--talosconfig",
        "build/access/test-cluster/talosconfig",
        "--nodes",
        ADDRESSES[0],
    ]
    order_of = [step.command for step in steps]
    assert order_of.index(wiping.command) < order_of.index(bootstrap.command), "Talos refuses where etcd has data"
    assert "--recover-skip-hash-check" not in bootstrap.command, "a snapshot has its checksum"


def test_what_is_written_is_for_its_owner_alone(site: Site, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {step.does.split()[0]: step.run for step in etcd.plan(site, Wanted(key=key)) if step.run is not None}
    writing, starting = ours["write"], ours["etcd"]
    assert writing is not None, "the tool writes"
    assert starting is not None, "and starts"
    writing()
    for file in site.engine.results / "etcd.snapshot", site.engine.root / "build/access/test-cluster/talosconfig":
        assert file.stat().st_mode & 0o077 == 0, f"{file}: every Secret of the cluster"
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(BackupError, match="talosctl is not on PATH"):
        starting()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lambda key: sealed(b"y" * 4096 + b"0" * 32, key), "holds no whole snapshot"),
        (lambda key: sealed(b"", key), "holds no whole snapshot"),
        (lambda key: sealed(b"y", key, files=2), "no archive with one snapshot"),
        (lambda key: b"nothing of age", "cannot be opened"),
    ],
)
def test_a_backup_that_is_none_is_refused_before_anything_is_done(
    site: Site, key: Path, content: object, why: str
) -> None:
    assert callable(content), "made with the key"
    site.store.put("etcd/2026-11-27T060500Z.tar.age", content(key))
    with pytest.raises(BackupError, match=why):
        etcd.plan(site, Wanted(key=key))


def test_there_is_nothing_to_restore_where_nothing_was_backed_up(site: Site, key: Path) -> None:
    with pytest.raises(BackupError, match="holds no backup from before 2020-01-01"):
        etcd.plan(site, Wanted(key=key, at=datetime(2020, 1, 1, tzinfo=UTC)))
    existing = replace(site, settings=load_stack_file(FIXTURES / "valid" / "existing-cluster.yaml"))
    with pytest.raises(BackupError, match="existing cluster"):
        etcd.plan(existing, Wanted(key=key))


def backed_up() -> Settings:
    return load_stack_file(FIXTURES / "valid" / "every-key.yaml")


@pytest.mark.parametrize(
    ("updated", "due"),
    [("05:30", datetime(2026, 11, 27, 6, tzinfo=UTC)), ("06:30", None), (None, None)],
)
def test_a_backup_is_due_an_hour_after_its_time(site: Site, updated: str | None, due: datetime | None) -> None:
    last = datetime.fromisoformat(f"2026-11-27T{updated}:00+00:00") if updated else None
    there = replace(site, settings=backed_up(), updated=last)
    assert etcd.due(there, datetime(2026, 11, 27, 7, 15, tzinfo=UTC)) == due, "every hour, in that stack file"


def test_everything_comes_back_without_a_snapshot_of_etcd() -> None:
    (part,) = [part for part in PARTS if part.name == etcd.NAME]
    assert not part.with_all, "the program makes the objects, and old claims would find no disk"
    assert order.ALL not in (one.name for one in PARTS), "which takes the others"
