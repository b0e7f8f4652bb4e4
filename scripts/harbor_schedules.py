"""Schedules of Harbor, for scripts/harbor_content.py, and what became of the last garbage collection.

Whenever the schedule of the garbage collection is written, core copies the URL of the registry's cache out of its own
environment into it, with Valkey's password, and never shows it (Harbor 2.15.2, src/server/v2.0/handler/gc.go, `kick`;
handler/model/gc.go, `CleanExtraAttrs`). A collection with a password that was rotated deletes blobs, fails at the cache
and leaves it claiming layers that are gone. Of the parameters Harbor keeps no mark (`CreateSchedule` in
src/controller/gc/controller.go), but an environment changes with a restart alone: a schedule is right that is younger
than a core that is younger than its Secret.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.cluster_api import METADATA, ClusterApi
from scripts.harbor_api import CannotError, HarborApi

GENERATIONS = "home-cluster/generations"
"""Annotation of a Secret, written together with its values (components/external_secret.py)."""
SETTLED = timedelta(minutes=15)
"""After this, what reads a Secret was restarted, or would not reach Valkey."""
_PASSWORD = re.compile(r"//\S*@")

Wanted = dict[str, Any]


@dataclass(frozen=True)
class Core:
    """Where to see since when the core that runs has its environment.

    Attributes:
        secret: Path of the Secret with the URL in the API server.
        generations: What its annotation must say.
        pods: Path of core's pods.
    """

    cluster: ClusterApi
    secret: str
    generations: str
    pods: str

    def since(self, api: HarborApi) -> datetime:
        """When the core was started that has the wanted URL. Raises CannotError while there is none."""
        written = self._written()
        found = self.cluster.get(self.pods) or {}
        statuses = [one for pod in found.get("items", []) for one in pod["status"].get("containerStatuses", [])]
        starts = [
            datetime.fromisoformat(one["state"]["running"]["startedAt"])
            for one in statuses
            if one["name"] == "core" and "running" in one["state"]
        ]
        if not starts:
            raise CannotError("core does not run")
        settled = datetime.now(UTC) - written > SETTLED and _reaches_cache(api)
        if min(starts) < written and not settled:
            raise CannotError(f"core runs since {min(starts)}, its Secret is of {written}; Reloader has to restart it")
        return max(starts)

    def _written(self) -> datetime:
        """When the Secret got its values."""
        secret = self.cluster.get(self.secret, METADATA)
        if secret is None:
            raise CannotError(f"{self.secret} does not exist")
        metadata = secret["metadata"]
        held = metadata.get("annotations", {}).get(GENERATIONS)
        if held != self.generations:
            raise CannotError(f"{self.secret} is of {held} yet, not of {self.generations}")
        # A manager's entry is dated anew whenever it changes a value (Kubernetes, ManagedFieldsEntry).
        changes = [one["time"] for one in metadata.get("managedFields", []) if "f:data" in one["fieldsV1"]]
        return max(map(datetime.fromisoformat, changes or [metadata["creationTimestamp"]]))


def _reaches_cache(api: HarborApi) -> bool:
    """Whether core's own connection to Valkey works, which it looks at every ten seconds (src/controller/health)."""
    return any((one["name"], one["status"]) == ("redis", "healthy") for one in api.get("/health")["components"])


def schedule(api: HarborApi, job: str, wanted: Wanted, core: Core) -> None:
    """When garbage is collected (`gc`), or everything is scanned (`scanAll`)."""
    path = f"/system/{job}/schedule"
    known = api.get(path) or {}
    cron = (known.get("schedule") or {}).get("cron")
    # Only that of garbage has parameters, as a text.
    deletes = json.loads(known.get("job_parameters") or "{}").get("delete_untagged", False)
    body = {"schedule": {"type": "Custom", "cron": wanted["cron"]}}
    if job == "gc":
        since = core.since(api)
        body["parameters"] = wanted["parameters"]
    if cron != wanted["cron"] or deletes != wanted["parameters"].get("delete_untagged", False):
        api.write("PUT", path, body)
    elif job == "gc" and datetime.fromisoformat(known["creation_time"]) < since:
        api.write("PUT", path, body, why="core was started after it")


def failed_collection(api: HarborApi) -> str:
    """What the last garbage collection failed at; empty when it did not."""
    last = next(iter(api.get("/system/gc?page=1&page_size=1") or []), None)  # the newest comes first
    if last is None or last["job_status"] != "Error":
        return ""
    lines = api.text(f"/system/gc/{last['id']}/log").splitlines()
    said = next((line for line in reversed(lines) if "[ERROR]" in line), "its log does not say why")
    return (
        f"garbage collection {last['id']} failed: {_PASSWORD.sub('//', said)}; the cache may claim layers that are "
        "gone: collect once more (Clean Up > GC Now)"
    )
