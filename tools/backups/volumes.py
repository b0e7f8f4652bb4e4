"""Part `volumes`: a repository of restic for each, which Jobs in the cluster fill and read (scripts/volumes.py).

What is there is seen in the target without the password: a snapshot is a file below `snapshots`, written when it was
whole (restic, doc/design.rst).
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from components.backup.target import Part as Folder
from components.backup.volumes import DATA
from declarations.volumes import Volume
from register.volumes import of_services, volumes
from settings.cron import previous
from tools.backups.part import Site, Step, Wanted
from tools.backups.store import BackupError, Copy
from tools.cluster import Api, ClusterError

NAME: Final = Folder.VOLUMES.value
PAUSE_SECONDS = 5.0
_HOURS: Final = timedelta(hours=6)
"""A run may take as long (components/backup/volumes.py)."""
_MINUTES: Final = 15


def last(site: Site, at: datetime | None = None) -> Copy | None:
    """See Part: of the volume whose newest is the oldest. One in which nobody has stored anything has none."""
    found = [_newest(site, volume, at) for volume in volumes(site.settings)]
    made = [copy for copy in found if copy is not None]
    return min(made, key=lambda one: one.when) if made and len(made) == len(found) else None


def _newest(site: Site, volume: Volume, at: datetime | None) -> Copy | None:
    copies = site.store.copies(f"{NAME}/{volume.name}/snapshots")
    # A run without anything to back up leaves the key of the repository, and nothing else.
    copies = copies or site.store.copies(f"{NAME}/{volume.name}/keys")
    # Its file is that of the index: how much it holds, the repository alone knows.
    return next((Copy(name=one.name, when=one.when) for one in copies if at is None or one.when <= at), None)


def due(site: Site, now: datetime) -> datetime | None:
    """See Part: from the last time of the schedule whose run is over; an update since may have begun with backups."""
    if site.settings.backup is None or not volumes(site.settings):
        return None
    scheduled = previous(site.settings.backup.schedules.volumes, now - _HOURS)
    return None if site.updated is None or site.updated > scheduled else scheduled


def plan(site: Site, wanted: Wanted) -> Sequence[Step]:
    """See Part: each volume into its own claim, while what writes to it is stopped. A service means all of its
    namespace, a volume of a chain itself alone.
    """
    services = of_services(site.settings)
    chosen = [
        one for one in volumes(site.settings) if wanted.service in ("", one.namespace if one in services else one.name)
    ]
    return [_step(site, volume, wanted) for volume in chosen]


def _step(site: Site, volume: Volume, wanted: Wanted) -> Step:
    copies = site.store.copies(f"{NAME}/{volume.name}/snapshots")
    fitting = [one for one in copies if wanted.at is None or one.when <= wanted.at]
    if not fitting:
        since = f" from before {wanted.at:%Y-%m-%dT%H:%M:%SZ}" if wanted.at else ""
        raise BackupError(f"{site.store.address}/{NAME}/{volume.name} holds no backup{since}")
    as_of = "latest" if wanted.at is None else wanted.at.isoformat()
    about = f"{volume.holds}; {volume.order}"
    return Step(
        does=f"put {volume.namespace}/{volume.claim} back as of {fitting[0].when:%Y-%m-%dT%H:%M:%SZ} ({about}), with "
        f"{volume.kind}/{volume.workload} stopped",
        minutes=_MINUTES,
        command=f"kubectl -n {volume.namespace} logs -f job/{_job_name(volume)}",
        run=lambda: _restored(site.connect, volume, as_of),
    )


def _job_name(volume: Volume) -> str:
    return f"{volume.backup}-restore"


@dataclass(frozen=True)
class _Paths:
    volume: Volume

    @property
    def claim(self) -> str:
        return f"/api/v1/namespaces/{self.volume.namespace}/persistentvolumeclaims/{self.volume.claim}"

    @property
    def cron_job(self) -> str:
        return f"{self.jobs.replace('/jobs', '/cronjobs')}/{self.volume.backup}"

    @property
    def jobs(self) -> str:
        return f"/apis/batch/v1/namespaces/{self.volume.namespace}/jobs"

    @property
    def job(self) -> str:
        return f"{self.jobs}/{_job_name(self.volume)}"

    def pods(self, labels: Mapping[str, str]) -> str:
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        return f"/api/v1/namespaces/{self.volume.namespace}/pods?labelSelector={selector}"


def _restored(connect: Callable[[], Api | None], volume: Volume, as_of: str) -> None:
    """Run the restore in the cluster; raises BackupError."""
    api, paths = connect(), _Paths(volume)
    if api is None:
        raise BackupError("the API of the cluster does not answer: make up brings it back, with empty volumes")
    try:
        for path in paths.claim, paths.cron_job:
            if api.look(path) is None:
                raise BackupError(f"{path} is gone: make up makes it anew, empty (docs/runbooks/volumes.md)")
        schedule = api.get(paths.cron_job)
        # A backup must not begin of what is half restored.
        api.change(paths.cron_job, {"spec": {"suspend": True}})
        try:
            api.create(paths.jobs, job(schedule, volume, as_of, runs=bool(api.get(paths.pods(volume.labels))["items"])))
            _awaited(api, paths)
        finally:
            api.change(paths.cron_job, {"spec": {"suspend": None}})
    except ClusterError as error:
        raise BackupError(str(error)) from None


def job(schedule: Mapping[str, Any], volume: Volume, as_of: str, *, runs: bool) -> dict[str, Any]:
    """The Job that restores, of the template of the CronJob that backs up: it may write to the volume, is told what is
    wanted, tries once, and needs no company where nothing of the workload `runs`.
    """
    spec = json.loads(json.dumps(schedule["spec"]["jobTemplate"]["spec"]))
    pod = spec["template"]["spec"]
    [container] = pod["containers"]
    told = {"ACTION": "restore", "AS_OF": as_of}
    container["env"] = [one for one in container["env"] if one["name"] not in told]
    container["env"] += [{"name": name, "value": value} for name, value in told.items()]
    for mount in container["volumeMounts"]:
        if mount["mountPath"] == DATA:
            mount["readOnly"] = False
    if not runs:
        pod.pop("affinity", None)
    metadata = {"name": _job_name(volume), "namespace": volume.namespace}
    told_again = {"backoffLimit": 0, "ttlSecondsAfterFinished": 3600}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {**spec, **told_again}}


def _awaited(api: Api, paths: _Paths) -> None:
    """Raises BackupError with the last words of the pod where the Job fails."""
    while True:
        status = api.get(paths.job).get("status", {})
        ended = [one["type"] for one in status.get("conditions", ()) if one["status"] == "True"]
        if "Complete" in ended:
            return
        if "Failed" in ended:
            pods = api.get(paths.pods({"batch.kubernetes.io/job-name": _job_name(paths.volume)}))["items"]
            words = " ".join(_words(pods)) or "its pod left no word"
            raise BackupError(f"{paths.volume.namespace}/{_job_name(paths.volume)}: {words}")
        time.sleep(PAUSE_SECONDS)


def _words(pods: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for pod in pods:
        for container in pod.get("status", {}).get("containerStatuses", ()):
            yield str((container.get("state", {}).get("terminated") or {}).get("message", "")).strip()
