"""Waits until the API server serves kinds that an operator registers at run time.

Environment: DEFINITIONS, names of CustomResourceDefinitions with the version each must serve, such as
`widgets.example.com/v1`, separated by commas; SECONDS_TO_WAIT. Runs in a pod whose ServiceAccount may get them.
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

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
PAUSE_SECONDS = 3.0
REQUEST_SECONDS = 10
NOT_FOUND = 404


def fetch(server: str, token: str, context: ssl.SSLContext, name: str) -> dict[str, Any] | None:
    """The definition, or None where there is none."""
    url = f"{server}/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - https below
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS, context=context) as response:  # noqa: S310
            found: dict[str, Any] = json.load(response)
            return found
    except urllib.error.HTTPError as error:
        if error.code == NOT_FOUND:
            return None
        raise


def problem(definition: dict[str, Any] | None, version: str) -> str | None:
    """None once objects of `version` can be created, else why not."""
    if definition is None:
        return "is not registered"
    conditions = definition.get("status", {}).get("conditions", [])
    if not any(found["type"] == "Established" and found["status"] == "True" for found in conditions):
        return "is not established"
    served = [found["name"] for found in definition["spec"]["versions"] if found["served"]]
    return None if version in served else f"serves {', '.join(served) or 'no version'}, not {version}"


def main(environment: Mapping[str, str], account: Path = ACCOUNT, pause: float = PAUSE_SECONDS) -> int:
    """Exit code of the probe."""
    # By address, not by name: DNS may not run yet.
    server = f"https://{environment['KUBERNETES_SERVICE_HOST']}:{environment['KUBERNETES_SERVICE_PORT']}"
    context = ssl.create_default_context(cafile=str(account / "ca.crt"))
    # On since Python 3.13; Kubernetes does not ask its own CA for every field of RFC 5280, so neither does this.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    deadline = time.monotonic() + float(environment["SECONDS_TO_WAIT"])
    waiting = environment["DEFINITIONS"].split(",")
    while True:
        reasons: dict[str, str] = {}
        for wanted in waiting:
            name, version = wanted.split("/")
            try:
                found = fetch(server, (account / "token").read_text(encoding="utf-8"), context, name)
                reason = problem(found, version)
            except OSError as error:
                reason = f"cannot be read: {error}"
            if reason is not None:
                reasons[wanted] = reason
        if not reasons:
            print(f"Served: {environment['DEFINITIONS']}")
            return 0
        if time.monotonic() + pause > deadline:
            for wanted, reason in reasons.items():
                print(f"{wanted}: {reason}; look at the logs of the operator that registers it", file=sys.stderr)
            return 1
        waiting = list(reasons)
        time.sleep(pause)


if __name__ == "__main__":
    sys.exit(main(os.environ))
