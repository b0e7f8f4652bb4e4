"""Backs a volume up, or puts it back as it was: restic, with the workload that writes to it stopped where that matters.

Environment:
    ACTION: `backup` or `restore`.
    DATA: Where the volume is mounted.
    NAMESPACE, WORKLOAD, REPLICAS: What writes to it, such as `deployments/gitea`, and how many of it there are. A
        restore always stops it.
    QUIESCE: Set where a backup stops it, too.
    KEEP_DAYS: How long backups stay; each day one part of as many is read again and compared.
    AS_OF: To restore, the newest backup up to this moment (ISO 8601), or `latest`.
    SECONDS: How long the workload may take to stop.
    What scripts/restic.py and scripts/cluster_api.py read.
Exits 0 and leaves one line of JSON about the snapshot as its last words; 1 with the reason.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts import gate
from scripts.cluster_api import ClusterApi
from scripts.restic import INCOMPLETE, Restic, ResticError


class RefusedError(Exception):
    """Why nothing is backed up or restored."""


def backup(restic: Restic, api: ClusterApi, environment: Mapping[str, str]) -> dict[str, Any]:
    """The summary of a new snapshot. Raises ResticError, RefusedError."""
    if not restic.open():
        restic.create()
    restic.unlock()
    before = restic.snapshots()
    made = _copied(restic, api, environment)
    files = made["total_files_processed"] if made else 0
    held = [one["time"] for one in before if one["summary"]["total_files_processed"]]
    if held and not files:
        raise RefusedError(f"the volume is empty, and was not at {held[-1]}: restore it, or look whose it is")
    if made is None:
        return {"snapshot": "", "files": 0, "bytes": 0}
    days = int(environment["KEEP_DAYS"])
    restic.forget(days)
    restic.check(datetime.now(UTC).toordinal() % days + 1, days)
    return {"snapshot": made["snapshot_id"], "files": files, "bytes": made["total_bytes_processed"]}


def _copied(restic: Restic, api: ClusterApi, environment: Mapping[str, str]) -> dict[str, Any] | None:
    """A first time while all runs; and again with what has changed since, where the workload has to stand still, or a
    file went while it was looked for.
    """
    directory, quiesce = environment["DATA"], bool(environment.get("QUIESCE"))
    try:
        made = restic.backup(directory, torn=quiesce)
        if not quiesce:
            return made
    except ResticError as error:
        if error.code != INCOMPLETE:
            raise
        print(f"{error}; once more", flush=True)
    with stopped(api, environment) if quiesce else nullcontext():
        return restic.backup(directory)


def restore(restic: Restic, api: ClusterApi, environment: Mapping[str, str]) -> dict[str, Any]:
    """What was restored. Raises ResticError, RefusedError."""
    if not restic.open():
        raise RefusedError(
            "there is no repository, so nothing to restore: is the cluster's name the one of the backups?"
        )
    chosen = newest(restic.snapshots(), environment["AS_OF"])
    # Of a damaged one a restore has deleted what is there before it finds out.
    restic.read(chosen)
    with stopped(api, environment):
        restored = restic.restore(chosen, environment["DATA"])
    return {"snapshot": chosen["id"], "time": chosen["time"], "files": restored["total_files"]}


def newest(snapshots: list[dict[str, Any]], as_of: str) -> dict[str, Any]:
    """The last snapshot that began up to a moment. Raises RefusedError where there is none."""
    until = datetime.max.replace(tzinfo=UTC) if as_of == "latest" else datetime.fromisoformat(as_of)
    if until.tzinfo is None:
        raise RefusedError(f"{as_of}: has no time zone; write it as 2026-11-27T03:00:00Z")
    fitting = [one for one in snapshots if datetime.fromisoformat(one["time"]) <= until]
    if not fitting:
        first = f"the first is of {snapshots[0]['time']}" if snapshots else "there are none"
        raise RefusedError(f"no backup up to {as_of}: {first}")
    return fitting[-1]


@contextmanager
def stopped(api: ClusterApi, environment: Mapping[str, str]) -> Iterator[None]:
    """While nothing of the workload runs. Whatever happens, it is started again."""
    namespace, workload = environment["NAMESPACE"], environment["WORKLOAD"]
    path = f"/apis/apps/v1/namespaces/{namespace}/{workload}/scale"

    def running() -> str:
        selector = (api.get(path) or {})["status"]["selector"]
        pods = (api.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}") or {}).get("items", [])
        return f"{workload} still runs as {pods[0]['metadata']['name']}" if pods else ""

    api.patch(path, {"spec": {"replicas": 0}})
    try:
        if reason := gate.last_problem(running):
            raise RefusedError(reason)
        yield
    finally:
        api.patch(path, {"spec": {"replicas": int(environment["REPLICAS"])}})


def main(environment: Mapping[str, str], account: Path | None = None) -> int:
    """Exit code."""
    # The kubelet asks before it kills: the workload is started again in between.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    action = {"backup": backup, "restore": restore}[environment["ACTION"]]
    try:
        told = json.dumps(action(Restic(environment), ClusterApi(environment, account), environment))
    except (ResticError, RefusedError, OSError) as error:
        return gate.give_up(str(error))
    return gate.succeed(told)


if __name__ == "__main__":
    sys.exit(main(os.environ))
