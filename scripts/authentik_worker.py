"""Liveness of Authentik's worker: it takes tasks. Run by the kubelet in the worker's own container, with its Python.

`ak healthcheck`, the chart's probe, says at most that the processes live: it asks `/-/health/live/`, while the worker
knows `/-/heath/live/` and answers with 200 whatever it does not know (src/healthcheck.rs and src/worker/healthcheck.rs
around release 2026.8). A worker whose consumer lost its connection to Postgres (goauthentik/authentik#18546) or never
listened (#26232) stays healthy by it and applies nothing any more.

Here a worker is stuck when a task that is due has waited for `LIMIT_SECONDS` and no other was taken or ended in that
time: both set `mtime` (packages/django-dramatiq-postgres/django_dramatiq_postgres/broker.py), and its own schedule
brings one every five minutes (authentik/core/apps.py). As long as the API does not say so, nothing is wrong: a
database or server that is away is no reason to restart the worker.

Environment: AUTHENTIK_BOOTSTRAP_TOKEN. Argument: URL of the server in the cluster.
"""

import datetime
import http.client
import json
import os
import sys
import urllib.parse
import urllib.request
from typing import Any

LIMIT_SECONDS = 600
TAKEN = ("consumed", "preprocess", "running", "postprocess", "rejected", "done", "info", "warning", "error")
"""What a task is once it has been taken (TaskAggregatedStatusEnum of the API client 2026.8.5). Before that it is
`queued`; one that waits for others (`waiting_for_dependencies`) is not due."""


def tasks(url: str, ordering: str, states: tuple[str, ...], most: int) -> list[dict[str, Any]]:
    """The first tasks in these states."""
    query = urllib.parse.urlencode({"ordering": ordering, "page_size": most, "aggregated_status": states}, doseq=True)
    request = urllib.request.Request(
        f"{url}/api/v3/tasks/tasks/?{query}",
        headers={"Authorization": f"Bearer {os.environ['AUTHENTIK_BOOTSTRAP_TOKEN']}", "Accept": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        found: list[dict[str, Any]] = json.load(response)["results"]
    return found


def problem(url: str, now: datetime.datetime) -> str:
    """Empty when the worker takes tasks, or has none to take."""
    limit = now - datetime.timedelta(seconds=LIMIT_SECONDS)
    due = [task for task in tasks(url, "mtime", ("queued",), 100) if _since(task) < limit]
    if not due or any(_since(task) >= limit for task in tasks(url, "-mtime", TAKEN, 1)):
        return ""
    first = due[0]
    return f"{first['actor_name']} waits since {_since(first):%H:%M} UTC, and none was taken since {limit:%H:%M}"


def _since(task: dict[str, Any]) -> datetime.datetime:
    """When it was last touched, or when it is to be tried again if that is later."""
    return max(datetime.datetime.fromisoformat(at) for at in (task["mtime"], task.get("eta")) if at)


def main() -> int:
    try:
        found = problem(sys.argv[1], datetime.datetime.now(datetime.UTC))
    except (OSError, http.client.HTTPException, LookupError, TypeError, ValueError) as error:
        print(f"cannot tell ({type(error).__name__}: {error})")
        return 0
    print(found or "takes tasks")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
