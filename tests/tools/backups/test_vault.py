"""Part `vault`: which backup is the last, and from when one is due; tests/real/vault/test_restore.py restores them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tools.backups import store, vault
from tools.backups.part import Site, Wanted
from tools.backups.store import BackupError
from tools.backups.vault_restore import Kept, Present, restore

SETTINGS = load_stack_file(FIXTURES / "valid" / "every-key.yaml")
"""Backs Vault up at half past every hour."""
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
ENGINE: Any = None


def site(folder: Path, updated: datetime | None = None) -> Site:
    return Site(engine=ENGINE, settings=SETTINGS, store=store.directory(folder, "home"), updated=updated)


@pytest.mark.parametrize(
    ("updated", "due"),
    [
        (None, None),
        (NOW - timedelta(minutes=45), None),
        (NOW - timedelta(days=9), datetime(2026, 11, 27, 10, 30, tzinfo=UTC)),
    ],
)
def test_one_is_due_from_the_last_time_that_is_over(
    updated: datetime | None, due: datetime | None, tmp_path: Path
) -> None:
    assert vault.due(site(tmp_path, updated), NOW) == due, "the Job of 11:30 may still be at its second try"


def test_archives_alone_are_backups(tmp_path: Path) -> None:
    here = site(tmp_path)
    assert vault.last(here) is None
    here.store.put("vault/2026-11-27T063500Z.tar.age", b"of no recipient")
    here.store.put("vault/notes.txt", b"later")
    copy = vault.last(here)
    assert copy is not None
    assert copy.name == "vault/2026-11-27T063500Z.tar.age"
    assert vault.last(here, copy.when - timedelta(hours=1)) is None, "nothing is that old"


def test_what_is_no_backup_of_vault_is_said_so(tmp_path: Path) -> None:
    here = site(tmp_path)
    with pytest.raises(BackupError, match=r"home/vault holds no backup$"):
        vault.plan(here, Wanted())
    with pytest.raises(BackupError, match="which private key opens the backup"):
        vault.opened(b"", None, "x")


@dataclass
class Follower:
    """A server of three that took the snapshot, and follows another one since then."""

    asked: list[str] = field(default_factory=list)

    def health(self) -> int:
        return 429 if "sys/storage/raft/snapshot-force" in self.asked else 200

    def expect(self, method: str, path: str, body: object = None, token: str = "") -> dict[str, Any]:
        self.asked.append(path)
        return {}

    def ask(self, method: str, path: str, body: object = None, token: str = "") -> tuple[int, dict[str, Any]]:
        return 404, {}

    def knows(self, token: str) -> bool:
        return bool(token)


def test_a_server_that_follows_another_after_the_restore_is_well() -> None:
    server: Any = Follower()
    keys = {"vault-unseal-0": "00", "vault-root": "hvs.of-then"}
    restore(server, Kept(snapshot=b"", keys=keys), Present(keys=keys, put=lambda _: None), seconds=0)
    assert server.health() == 429
