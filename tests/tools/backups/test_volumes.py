"""Backups of volumes: what is told of them, the plan of a restore, the Job that it comes to, and its end."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from register.volumes import volumes as declared
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.program import ROOT
from tools.backups import order, store, volumes
from tools.backups.part import Site, Wanted
from tools.backups.store import BackupError
from tools.state import Engine

SETTINGS = load_stack_file(FIXTURES / "valid" / "every-key.yaml")


def site(tmp_path: Path, *files: str, updated: datetime | None = None) -> Site:
    """A stack whose target holds these files of part `volumes`, each a second after the other."""
    there = store.directory(tmp_path, SETTINGS.cluster.name)
    for file in files:
        there.put(f"volumes/{file}", b"encrypted")
    return Site(engine=Engine(Path("pulumi"), "home", ROOT), settings=SETTINGS, store=there, updated=updated)


def test_what_is_there_is_seen_in_the_target(tmp_path: Path) -> None:
    names = [one.name for one in declared(SETTINGS)]
    whole = site(tmp_path, "gitea/snapshots/a", "gitea/snapshots/b", "harbor/keys/k", "matrix/snapshots/c")
    found = volumes.last(whole)
    assert names == ["gitea", "harbor", "matrix"]
    assert found is not None
    assert found.name in ("volumes/gitea/snapshots/a", "volumes/gitea/snapshots/b"), "the oldest of the newest"
    assert volumes.last(site(tmp_path / "other", "gitea/snapshots/a", "matrix/snapshots/c")) is None, "harbor has none"


def test_one_is_due_from_the_schedule_unless_an_update_came_after_it(tmp_path: Path) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert SETTINGS.backup is not None
    assert SETTINGS.backup.schedules.volumes == "0 4 * * 6", "a Saturday, as that day is"
    long_ago, today = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 28, 10, tzinfo=UTC)
    assert volumes.due(site(tmp_path, updated=long_ago), now) == datetime(2026, 11, 28, 4, tzinfo=UTC)
    before = volumes.due(site(tmp_path, updated=long_ago), now.replace(hour=9))
    assert before == datetime(2026, 11, 21, 4, tzinfo=UTC), "a run may take until ten"
    assert volumes.due(site(tmp_path, updated=today), now) is None


def test_a_restore_names_volume_moment_and_what_stands_still(tmp_path: Path) -> None:
    there = site(tmp_path, "gitea/snapshots/a", "harbor/snapshots/b", "matrix/snapshots/c")
    [step] = volumes.plan(there, Wanted(service="gitea"))
    assert "gitea/gitea-shared-storage" in step.does
    assert "deployments/gitea stopped" in step.does
    assert len(volumes.plan(there, Wanted())) == len(declared(SETTINGS))
    with pytest.raises(BackupError, match="volumes/gitea holds no backup from before 2026-01-01T00:00:00Z"):
        volumes.plan(there, Wanted(at=datetime(2026, 1, 1, tzinfo=UTC)))


def test_a_volume_of_a_chain_is_restored_by_its_name(tmp_path: Path) -> None:
    settings = load_stack_file(FIXTURES / "valid" / "chains.yaml")
    there = replace(site(tmp_path, "orders/snapshots/a"), settings=settings)
    [step] = order.steps(there, "orders", Wanted(), "", datetime.now(UTC))
    assert "shop-data/data-orders-0" in step.does
    assert volumes.plan(there, Wanted(service="shop-data")) == [], "the name of a namespace brings no neighbour back"
    with pytest.raises(BackupError, match=r"WHAT=order is nothing .*, orders, pictures, all"):
        order.steps(there, "order", Wanted(), "", datetime.now(UTC))


class Kubernetes:
    """A cluster in which a restore ends as told."""

    def __init__(self, ends: str, words: str = "", without: str = "", runs: bool = True) -> None:
        self.ends, self.words, self.without, self.runs = ends, words, without, runs
        self.made: dict[str, Any] = {}
        self.changes: list[Mapping[str, Any]] = []

    def look(self, path: str) -> dict[str, Any] | None:
        return None if self.without and self.without in path else self.get(path)

    def get(self, path: str) -> dict[str, Any]:
        if "/cronjobs/" in path:
            return SCHEDULE
        if "/jobs/" in path:
            return {"status": {"conditions": [{"type": self.ends, "status": "True"}]}}
        if "job-name" in path:
            ended = {"state": {"terminated": {"message": self.words}}}
            return {"items": [{"status": {"containerStatuses": [ended]}}]}
        return {"items": [{}] if self.runs else []}

    def create(self, path: str, made: dict[str, Any]) -> None:
        assert path == "/apis/batch/v1/namespaces/gitea/jobs"
        self.made = made

    def change(self, path: str, by: Mapping[str, Any]) -> None:
        assert path.endswith("/cronjobs/volume-gitea")
        self.changes.append(by["spec"])


SCHEDULE: dict[str, Any] = {
    "spec": {
        "jobTemplate": {
            "spec": {
                "backoffLimit": 1,
                "template": {
                    "spec": {
                        "affinity": {"podAffinity": {}},
                        "containers": [
                            {
                                "name": "script",
                                "env": [{"name": "ACTION", "value": "backup"}, {"name": "DATA", "value": "/data"}],
                                "volumeMounts": [{"mountPath": "/data", "readOnly": True}],
                            }
                        ],
                    }
                },
            }
        }
    }
}


def restored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cluster: Kubernetes, at: datetime | None = None) -> None:
    there = site(tmp_path, "gitea/snapshots/a")
    monkeypatch.setattr(Site, "connect", lambda _: cluster)
    [step] = volumes.plan(there, Wanted(service="gitea", at=at))
    assert step.run is not None
    step.run()


def test_the_job_is_of_the_template_and_may_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cluster, at = Kubernetes("Complete"), datetime(2099, 1, 1, tzinfo=UTC)
    before = json.dumps(SCHEDULE)
    restored(monkeypatch, tmp_path, cluster, at)
    pod = cluster.made["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert {one["name"]: one["value"] for one in container["env"]} == {
        "ACTION": "restore",
        "DATA": "/data",
        "AS_OF": "2099-01-01T00:00:00+00:00",
    }
    assert container["volumeMounts"] == [{"mountPath": "/data", "readOnly": False}]
    assert "affinity" in pod, "beside what runs"
    assert cluster.made["spec"]["backoffLimit"] == 0
    assert cluster.changes == [{"suspend": True}, {"suspend": None}], "no backup of what is half restored"
    assert json.dumps(SCHEDULE) == before
    away = Kubernetes("Complete", runs=False)
    restored(monkeypatch, tmp_path, away)
    assert "affinity" not in away.made["spec"]["template"]["spec"], "it would wait for company for ever"


@pytest.mark.parametrize(
    ("cluster", "says"),
    [
        (Kubernetes("Failed", words="the password does not open the repository"), "the password does not open"),
        (Kubernetes("Complete", without="persistentvolumeclaims"), "gitea-shared-storage is gone: make up makes it"),
        (Kubernetes("Complete", without="cronjobs"), "cronjobs/volume-gitea is gone: make up makes it"),
    ],
)
def test_a_restore_that_fails_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cluster: Kubernetes, says: str
) -> None:
    with pytest.raises(BackupError, match=says):
        restored(monkeypatch, tmp_path, cluster)
    assert cluster.changes in ([], [{"suspend": True}, {"suspend": None}])
