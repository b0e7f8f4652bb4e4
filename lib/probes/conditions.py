"""Waits until objects of the cluster are there and have reached a condition.

Environment: OBJECTS, separated by commas, each the path of an object in the API and a condition type that its status
must show as True, such as `/api/v1/nodes/worker0=Ready`; SECONDS_TO_WAIT. Runs in a pod whose ServiceAccount may get
these objects.
"""

import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.probes import gate

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
PAUSE_SECONDS = 3.0
REQUEST_SECONDS = 10
NOT_FOUND = 404


def fetch(url: str, token: str, context: ssl.SSLContext) -> dict[str, Any] | None:
    """The object, or None where there is none."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS, context=context) as response:
            found: dict[str, Any] = json.load(response)
            return found
    except urllib.error.HTTPError as error:
        if error.code == NOT_FOUND:
            return None
        raise


def problem(found: dict[str, Any] | None, wanted: str) -> str | None:
    """None once the condition `wanted` is True, else why not."""
    if found is None:
        return "does not exist"
    conditions = {one["type"]: one for one in found.get("status", {}).get("conditions", [])}
    if wanted not in conditions:
        return f"has no condition {wanted} yet"
    condition = conditions[wanted]
    if condition["status"] == "True":
        return None
    return f"{wanted} is {condition['status']}: {condition.get('message') or condition.get('reason') or 'no reason'}"


def main(environment: Mapping[str, str], account: Path = ACCOUNT, pause: float = PAUSE_SECONDS) -> int:
    """Exit code of the probe."""
    # By address, not by name: DNS may not run yet.
    server = f"https://{environment['KUBERNETES_SERVICE_HOST']}:{environment['KUBERNETES_SERVICE_PORT']}"
    context = ssl.create_default_context(cafile=str(account / "ca.crt"))
    # On since Python 3.13; Kubernetes does not ask its own CA for every field of RFC 5280, so neither does this.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    deadline = time.monotonic() + float(environment["SECONDS_TO_WAIT"])
    waiting = environment["OBJECTS"].split(",")
    while True:
        token = (account / "token").read_text(encoding="utf-8")
        reasons = {one: reason for one in waiting if (reason := _unmet(server, one, token, context)) is not None}
        if not reasons:
            print(f"All there: {environment['OBJECTS']}")
            return 0
        if time.monotonic() + pause > deadline:
            return gate.give_up("\n".join(f"{one.partition('=')[0]}: {reason}" for one, reason in reasons.items()))
        waiting = list(reasons)
        time.sleep(pause)


def _unmet(server: str, wanted: str, token: str, context: ssl.SSLContext) -> str | None:
    path, _, condition = wanted.partition("=")
    try:
        return problem(fetch(f"{server}{path}", token, context), condition)
    except OSError as error:
        return f"cannot be read: {error}"


if __name__ == "__main__":
    sys.exit(main(os.environ))
