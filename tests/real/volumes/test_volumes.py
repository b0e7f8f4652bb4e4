"""A volume comes back from restic as it was at its time, or the script says why not and touches nothing."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts.restic import Restic
from stack_file.load import load_stack_file
from tests.real.volumes.conftest import Pod
from tests.stack_file.stacks import SHIPPED
from tools.backups import volumes
from tools.backups.drill import tried
from tools.backups.part import Fault
from tools.backups.registry import PARTS

[PART] = [one for one in PARTS if one.name == volumes.NAME]


def written(pod: Pod) -> str:
    """A fresh sentinel in the volume."""
    sentinel = f"written at {datetime.now(UTC).isoformat()}"
    (pod.volume / "git").mkdir(exist_ok=True)
    (pod.volume / "git" / "sentinel").write_text(sentinel)
    return sentinel


def held(pod: Pod) -> dict[str, str]:
    """Files of the volume."""
    return {str(one.relative_to(pod.volume)): one.read_text() for one in pod.volume.rglob("*") if one.is_file()}


def wiped(pod: Pod) -> None:
    """The volume as a new claim gives it, with what mkfs made."""
    shutil.rmtree(pod.volume / "git")


def packs(pod: Pod) -> list[Path]:
    """Where the repository keeps content, oldest first."""
    return sorted((pod.repository / "data").glob("*/*"), key=lambda one: one.stat().st_mtime_ns)


def test_a_volume_comes_back_as_of_a_time(pod: Pod) -> None:
    first = written(pod)
    assert pod.run("backup") == 0
    between, summary = datetime.now(UTC).isoformat(), json.loads(pod.words)
    assert (summary["files"], summary["bytes"]) == (1, len(first))
    second = written(pod)
    assert pod.run("backup") == 0
    wiped(pod)
    (pod.volume / "later").write_text("written after the backup")
    assert pod.run("restore") == 0
    assert held(pod) == {"git/sentinel": second}, "and nothing that came later"
    assert pod.run("restore", AS_OF=between) == 0
    assert held(pod) == {"git/sentinel": first}
    assert json.loads(pod.words)["time"] < between
    assert (pod.volume / "lost+found").is_dir()
    assert pod.workload.replicas == [1, 0, 1, 0, 1, 0, 1, 0, 1], "stopped and started each time"


@pytest.mark.parametrize(
    ("fault", "environment", "reason"),
    [
        ("none", {"RESTIC_PASSWORD": "of another cluster"}, "the password does not open the repository"),
        ("none", {"AS_OF": "2026-01-01T00:00:00Z"}, "no backup up to 2026-01-01T00:00:00Z: the first is of 20"),
        ("none", {"AS_OF": "2026-01-01T00:00:00"}, "has no time zone"),
        ("gone", {}, "there is no repository"),
        ("truncated", {}, "file is too short"),
        ("corrupt", {}, "ciphertext verification failed"),
        ("runs", {}, "deployments/gitea still runs as gitea-0"),
    ],
)
def test_a_restore_that_cannot_be_whole_touches_nothing(
    pod: Pod, fault: str, environment: dict[str, str], reason: str
) -> None:
    written(pod)
    assert pod.run("backup") == 0
    (pod.volume / "git" / "sentinel").write_text("what is there now")
    shutil.rmtree(pod.environment["RESTIC_CACHE_DIR"])
    if fault == "gone":
        shutil.rmtree(pod.repository)
    if fault == "runs":
        pod.workload.stops = False
    for pack in packs(pod):
        content = bytearray(pack.read_bytes())
        pack.chmod(0o600)
        if fault == "truncated":
            pack.write_bytes(content[:10])
        if fault == "corrupt":
            content[len(content) // 4] ^= 0xFF
            pack.write_bytes(content)
    assert pod.run("restore", **environment) == 1
    assert reason in pod.words
    assert held(pod) == {"git/sentinel": "what is there now"}
    assert pod.workload.replicas[-1] == 1, "whatever happened, it runs again"


def test_a_volume_that_was_lost_is_not_backed_up_over_what_was_in_it(pod: Pod) -> None:
    assert pod.run("backup") == 0, "nobody has stored anything yet"
    assert json.loads(pod.words)["files"] == 0
    written(pod)
    assert pod.run("backup") == 0
    wiped(pod)
    assert pod.run("backup") == 1
    assert "the volume is empty, and was not at" in pod.words
    (pod.volume / "git").mkdir()
    assert pod.run("backup") == 1, "nor with the directories that a service makes when it starts"


def test_a_backup_that_no_longer_reads_as_written_fails(pod: Pod) -> None:
    written(pod)
    assert pod.run("backup") == 0
    [pack] = [one for one in packs(pod) if b"" in one.read_bytes()][:1]
    pack.chmod(0o600)
    pack.write_bytes(pack.read_bytes()[::-1])
    assert pod.run("backup", KEEP_DAYS="1") == 1, "of one day, so all of it is read"
    assert "restic check" in pod.words


def test_every_backup_of_the_days_that_are_kept_is_there(pod: Pod) -> None:
    written(pod)
    assert [pod.run("backup", KEEP_DAYS="1") for _ in range(2)] == [0, 0]
    assert len(Restic(pod.environment).snapshots()) == 2, "days, and not a number of backups"


def test_only_what_stops_its_workload_stops_it(pod: Pod) -> None:
    written(pod)
    assert pod.run("backup", QUIESCE="") == 0
    assert pod.workload.replicas == [1]


def test_a_backup_that_failed_stops_nothing(pod: Pod, tmp_path: Path) -> None:
    """Only an incomplete one is tried again: exit code 3, and not 1 (restic, doc/075_scripting.rst)."""
    written(pod)
    full = tmp_path / "restic"
    full.write_text(
        '#!/bin/sh\nif [ "$1" = backup ]; then echo "no space left" >&2; exit 1; fi\n'
        f'exec {pod.environment["RESTIC"]} "$@"\n'
    )
    full.chmod(0o700)
    assert pod.run("backup", RESTIC=str(full)) == 1
    assert pod.words == "restic backup: no space left"
    assert pod.workload.replicas == [1], "what serves need not stand still for that"


def test_what_was_copied_while_all_ran_is_no_backup(pod: Pod) -> None:
    written(pod)
    pod.workload.stops = False
    assert pod.run("backup") == 1, "a first copy is there, and the workload did not stop"
    wiped(pod)
    assert pod.run("restore") == 1
    assert "no backup up to latest: there are none" in pod.words


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (None, ""),
        (Fault.OLD, "the sentinel is old: of 20"),
        (Fault.MISSING, "is missing after the restore"),
        (Fault.TRUNCATED, "restic dump: "),
        (Fault.CORRUPT, "ciphertext verification failed"),
        (Fault.WRONG_KEY, "the password does not open the repository"),
    ],
)
def test_the_drill_fails_on_each_planted_fault(restic: Path, fault: Fault | None, says: str, tmp_path: Path) -> None:
    assert restic.exists()
    trial = tried(PART, load_stack_file(SHIPPED), tmp_path, fault)
    assert trial.what.startswith("real: restic")
    assert says in trial.problem
    assert (trial.problem != "") == (fault is not None)
