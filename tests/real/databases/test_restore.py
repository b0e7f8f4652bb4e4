"""What comes back of a lost database, and what is noticed."""

from dataclasses import replace
from pathlib import Path

import pyrage
import pytest

from settings.backup import BackupSettings, BackupTarget, NfsTarget
from stack_file.load import load_stack_file
from tests.real.databases.story import Story
from tests.stack_file.stacks import SHIPPED
from tools.backups import drill
from tools.backups.part import Fault
from tools.backups.registry import PARTS
from tools.backups.store import BackupError
from tools.databases.site import BUCKET

SETTINGS = load_stack_file(SHIPPED)
PART = next(part for part in PARTS if part.name == "databases")


def test_a_database_comes_back_with_what_was_written_after_the_base_backup(story: Story) -> None:
    assert story.rows(2) == "before between after"


def test_a_database_goes_back_to_a_moment_between_two_writes(story: Story) -> None:
    assert story.rows(3, story.between) == "before between"


def test_a_moment_before_the_first_base_backup_is_refused(story: Story) -> None:
    first = story.site.archive(1).backups()[0]
    with pytest.raises(BackupError, match="no target backup found"):
        story.rows(4, first.ended.replace(year=2020))


def test_a_second_cluster_is_refused_an_archive_that_is_not_empty(story: Story) -> None:
    with pytest.raises(BackupError, match="Expected empty archive"):
        story.rows(1)


def test_wrong_credentials_are_refused(story: Story) -> None:
    archive = story.site.archive(9)
    wrong = {name: dict.fromkeys(keys, "wrong") for name, keys in archive.secrets.items()}
    with pytest.raises(BackupError, match="barman-cloud-check-wal-archive exits with"):
        replace(archive, secrets=wrong).check_empty()


def test_nothing_of_the_database_lies_in_the_target_in_plain_text(story: Story) -> None:
    magic = {file.read_bytes()[:8] for file in story.site.objects()}
    assert magic == {b"RCLONE\0\0"}, "the header of rclone's crypt, whatever barman wrote"


def test_what_is_locked_outlives_who_deletes_it(story: Story) -> None:
    outside = story.site.outside
    assert outside is not None
    name = f"drill/databases/postgres-1/wals/{story.closed[:16]}/{story.closed}.gz"
    listed = outside.ask("GET", f"/{BUCKET}", f"prefix={name.replace('/', '%2F')}&versions=").decode()
    version = listed.partition("<VersionId>")[2].partition("</VersionId>")[0]
    with pytest.raises(BackupError, match="AccessDenied"):
        outside.ask("DELETE", f"/{BUCKET}/{name}", f"versionId={version}")


def test_a_base_backup_lies_twice_in_a_locked_bucket(story: Story) -> None:
    """The gateway writes parts under a name of their own, copies them to the right one and deletes the first."""
    outside = story.site.outside
    assert outside is not None
    listed = outside.ask("GET", f"/{BUCKET}", "prefix=drill%2Fdatabases%2Fpostgres-1%2Fbase&versions=").decode()
    assert "data.tar.gz</Key>" in listed
    assert ".rclone_temp_multipart_" in listed


def test_a_segment_that_is_missing_ends_the_restore_before_it(story: Story) -> None:
    """Last: it takes the segment away. Postgres cannot tell it from the end of the log."""
    (gone,) = (file for file in story.site.objects() if file.name == f"{story.closed}.gz")
    gone.unlink()
    assert "after" not in story.rows(5)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (None, ""),
        (Fault.OLD, "the sentinel is old: of 20"),
        (Fault.MISSING, "is missing after the restore"),
        (Fault.TRUNCATED, "no target backup found"),
        (Fault.CORRUPT, "no target backup found"),
        (Fault.WRONG_KEY, "no target backup found"),
    ],
)
def test_the_drill_notices_a_planted_fault(fault: Fault | None, says: str, tmp_path: Path) -> None:
    trial = drill.tried(PART, SETTINGS, tmp_path, fault)
    assert trial.what.startswith("real: ")
    assert says in trial.problem
    assert (trial.problem != "") == (fault is not None)


def test_a_database_comes_back_from_an_nfs_server(tmp_path: Path) -> None:
    nfs = BackupTarget(nfs=NfsTarget(server="192.0.2.1", path="/backups"))
    backup = BackupSettings(target=nfs, recipients=(str(pyrage.x25519.Identity.generate().to_public()),))
    trial = drill.tried(PART, SETTINGS.model_copy(update={"backup": backup}), tmp_path)
    assert trial.problem == ""
