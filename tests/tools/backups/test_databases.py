"""The part `databases`: what the target says, and what a person is told to write into the stack file."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from settings.platform import Recovery
from tests.tools.backups.states import STACK, backed_up, based, checkout
from tools import operate, recreate
from tools.backups import databases, order, store
from tools.backups import site as of_stack
from tools.backups.part import Site, Wanted
from tools.backups.registry import PARTS
from tools.backups.store import BackupError

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def site(folder: Path, bases: Mapping[int, datetime], archive: int = 1, recovery: Recovery | None = None) -> Site:
    """A stack that writes to that archive, and base backups in archives, by their numbers."""
    settings = backed_up()
    changed = settings.databases.model_copy(update={"archive": archive, "recovery": recovery})
    there = store.directory(folder / "target", settings.cluster.name)
    for number, when in bases.items():
        based(folder / "target" / settings.cluster.name, number, when)
    engine = checkout(folder / "checkout")
    return Site(engine=engine, settings=settings.model_copy(update={"databases": changed}), store=there)


def test_the_newest_base_backup_is_the_last_that_ended_in_time(tmp_path: Path) -> None:
    found = site(tmp_path, {1: NOW - 2 * DAY, 2: NOW})
    (tmp_path / "target" / "test-cluster" / "databases" / "postgres-2" / "wals").mkdir()
    (tmp_path / "target" / "test-cluster" / "databases" / "postgres-2" / "wals" / "later.gz").touch()
    newest, older = databases.last(found), databases.last(found, NOW - DAY)
    assert newest is not None
    assert older is not None
    assert ("postgres-2/base" in newest.name, "postgres-1/base" in older.name) == (True, True), (
        "no log is a base backup"
    )
    assert databases.last(found, NOW - 3 * DAY) is None


@pytest.mark.parametrize(
    ("updated", "now", "due"),
    [
        (NOW - 9 * DAY, NOW, True),
        (NOW - 9 * DAY, datetime(2026, 11, 27, 3, 30, tzinfo=UTC), True),
        (NOW, NOW, False),
        (None, NOW, False),
    ],
)
def test_one_is_due_since_its_schedule_if_the_cluster_was_there(
    updated: datetime | None, now: datetime, due: bool, tmp_path: Path
) -> None:
    found = databases.due(replace(site(tmp_path, {}), updated=updated), now)
    assert (found is not None) == due
    assert found is None or timedelta(hours=3) <= now - found < DAY + timedelta(hours=3), "a run may take three hours"


@pytest.mark.parametrize(
    ("stands", "bases", "at", "says"),
    [
        ((1, None), {1: NOW - DAY}, None, "archive: 2 and recovery: {archive: 1} ("),
        ((1, None), {1: NOW - DAY}, NOW, "archive: 2 and recovery: {archive: 1, time: '2026-11-27T12:00:00Z'} ("),
        ((1, None), {1: NOW - 2 * DAY, 2: NOW}, NOW - DAY, "archive: 3 and recovery: {archive: 1, time: "),
        ((2, Recovery(archive=1)), {1: NOW - 2 * DAY, 2: NOW}, None, "archive: 3 and recovery: {archive: 2} ("),
        ((2, Recovery(archive=1)), {1: NOW - DAY}, None, None),
        ((3, Recovery(archive=1, time="2026-11-27T12:00:00Z")), {1: NOW - DAY}, NOW, None),
        ((2, Recovery(archive=1)), {1: NOW - DAY}, NOW, "archive: 3 and recovery: {archive: 1, time: "),
    ],
)
def test_a_plan_names_the_archive_that_is_wanted_and_one_in_which_nothing_lies(
    stands: tuple[int, Recovery | None],
    bases: Mapping[int, datetime],
    at: datetime | None,
    says: str | None,
    tmp_path: Path,
) -> None:
    *edits, last = databases.plan(site(tmp_path, bases, *stands), Wanted(at=at))
    assert last.command == f"make up STACK={STACK}"
    assert [(says or "?") in step.does for step in edits] == ([True] if says else []), (
        "what stands there is not written again"
    )


def test_what_has_no_base_backup_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="databases holds no base backup that had ended by 2026-11-25"):
        databases.plan(site(tmp_path, {1: NOW}), Wanted(at=NOW - 2 * DAY))


def test_a_restore_of_everything_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that are left are counted from the end: what a new platform has is no step any more."""
    monkeypatch.setattr(order, "PARTS", [part for part in PARTS if part.name in ("state", "databases")])
    lost = site(tmp_path, {1: NOW - DAY})
    first = [step.does.split()[0] for step in order.steps(lost, "all", Wanted(), STACK, NOW)]
    assert first == ["in", "machines", "see"]
    again = site(tmp_path / "again", {1: NOW - DAY, 2: NOW + DAY}, 2, Recovery(archive=1))
    monkeypatch.setattr(Site, "connect", lambda _: object())
    then = [step.does.split()[0] for step in order.steps(again, "all", Wanted(), STACK, NOW)]
    assert then == ["see"], (
        "the platform is there, and Postgres was made of archive 1: its own backup is none of the old"
    )


@pytest.mark.parametrize(
    ("archive", "bases", "following"), [(1, {1: NOW}, 2), (2, {1: NOW, 2: NOW}, 3), (2, {1: NOW}, None)]
)
def test_a_recreation_is_refused_whose_postgres_could_not_be_archived(
    archive: int,
    bases: Mapping[int, datetime],
    following: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = site(tmp_path, bases, archive, None if archive == 1 else Recovery(archive=1))
    begun: list[str] = []
    said: list[str] = []
    monkeypatch.setattr(recreate, "refusal", lambda _, error: said.append(str(error)))
    monkeypatch.setattr(of_stack, "of", lambda *_: found)
    monkeypatch.setattr(recreate, "Engine", lambda *_: found.engine)
    monkeypatch.setattr(recreate, "load_stack_file", lambda _: found.settings)
    monkeypatch.setattr(recreate, "_sound", lambda *_: None)
    monkeypatch.setattr(operate, "cli", lambda _: tmp_path)

    def run(arguments: list[str], _: Path) -> int:
        begun.append(arguments[0])
        return 1

    monkeypatch.setattr(recreate, "_run", run)
    assert recreate.main(["--stack", STACK, "--confirm", STACK], found.engine.root) == 1
    assert begun == ([] if following else ["destroy"]), "nothing is destroyed before"
    wanted = f"set databases.archive: {following} and databases.recovery: {{archive: {archive}}}"
    assert [wanted in text for text in said] == ([True] if following else [])
