"""Gate of Authentik: its API answers on the public name, the platform's token is an administrator's, and the worker has
applied what comes with the release.

Ready pods prove none of it: the worker makes the administrator and the token some time after its start, and the public
name needs the ingress, its certificate and the name service. After a rotation the old token works until the worker has
taken the new one, so it is the Secret's word that counts: it says itself which generation it holds.

Whoever creates the row of a blueprint waits ten seconds for the worker to list its files
(`BlueprintInstanceSerializer.validate_path` in authentik/blueprints/api.py), and the worker takes tasks in no order
(`_fetch_pending_messages` in packages/django-dramatiq-postgres/.../broker.py): with fifty blueprints before it the row
may fail at any of them. A task that waits for its time (`eta`) is none of them: it failed and is tried again later.

Environment: AUTHENTIK_URL (public), TOKEN_FILE and TOKEN_GENERATION_FILE (the mounted Secret), TOKEN_GENERATION (that
which is wanted), SSL_CERT_FILE, SECONDS.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from scripts import gate

UNDONE = "".join(
    f"&aggregated_status={state}"
    for state in ("waiting_for_dependencies", "queued", "consumed", "preprocess", "running", "postprocess")
)
"""What a task is before its end (TaskAggregatedStatusEnum of the API client 2026.8.5)."""
RUNS = f"tasks/tasks/?actor_name=authentik.blueprints.v1.tasks.apply_blueprint&page_size=100{UNDONE}"
"""Runs of blueprints that have not ended (TaskFilter in authentik/tasks/api/tasks.py); a release brings about fifty."""


def call(url: str, token: str, path: str) -> Any:
    """What the API answers to a GET."""
    request = urllib.request.Request(
        f"{url}/api/v3/{path}", headers={"Authorization": f"Bearer {token}", "Accept": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def problem(url: str, token: str) -> str:
    """Empty when the gate is open, otherwise what is wrong."""
    try:
        answer = call(url, token, "core/users/me/")
        user = answer.get("user") if isinstance(answer, dict) else None
        if not isinstance(user, dict) or not user.get("is_superuser"):
            return "the token works but belongs to no administrator"
        waiting = sum(not run.get("eta") for run in call(url, token, RUNS)["results"])
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return f"the API refuses the token ({error.code}); the worker sets it once it has started"
        return f"the API answers {error.code}"
    except OSError as error:
        return f"the API is not answering ({error})"
    except (ValueError, LookupError, TypeError):
        return "something answers that is not the API"
    return f"the worker has still to apply {waiting} blueprints of those that come with the release" if waiting else ""


def current_problem(environment: dict[str, str]) -> str:
    """The same with the token of the wanted generation, which the kubelet brings in a minute or two."""
    held = Path(environment["TOKEN_GENERATION_FILE"]).read_text(encoding="utf-8")
    if held != environment["TOKEN_GENERATION"]:
        return f"the Secret as mounted here is still generation {held}"
    token = Path(environment["TOKEN_FILE"]).read_text(encoding="utf-8")
    return problem(environment["AUTHENTIK_URL"].rstrip("/"), token)


def main() -> int:
    environment = dict(os.environ)
    return gate.wait(lambda: current_problem(environment), f"the API answers on {environment['AUTHENTIK_URL']}")


if __name__ == "__main__":
    sys.exit(main())
