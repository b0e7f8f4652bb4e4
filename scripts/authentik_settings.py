"""Sets system settings of Authentik that no blueprint can: they belong to the tenant, which the importer leaves alone
(`InternallyManagedMixin` in authentik/tenants/models.py).

Only the fields that are declared are sent (PATCH of `admin/settings/`, authentik/tenants/api/settings.py): a PUT, which
is what the Terraform provider sends, wants the flags of the release too, and sets back all that it does not name.

Environment: AUTHENTIK_URL, AUTHENTIK_TOKEN (an administrator's), SETTINGS (JSON, the declared fields), SECONDS,
SCHEDULED (scripts/gate.py).
"""

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

from scripts import gate


def call(method: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
    """One request to the settings: all of them as they are afterwards."""
    request = urllib.request.Request(
        f"{os.environ['AUTHENTIK_URL']}/api/v3/admin/settings/",
        method=method,
        data=None if given is None else json.dumps(given).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['AUTHENTIK_TOKEN']}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def problem(wanted: dict[str, Any], corrected: list[str]) -> str:
    """Empty when all is as declared, otherwise what is wrong; what had to be set is added to `corrected`."""
    try:
        found = call("GET")
        if unknown := sorted(wanted.keys() - found.keys()):
            return f"this release of Authentik has no setting {', '.join(unknown)}"
        changed = {name: value for name, value in wanted.items() if found[name] != value}
        if changed:
            kept = call("PATCH", changed)
            if lost := sorted(name for name, value in changed.items() if kept[name] != value):
                return f"Authentik does not keep the setting {', '.join(lost)}"
            corrected += [f"{name} was {found[name]}, is {value}" for name, value in changed.items()]
    except urllib.error.HTTPError as error:
        return f"Authentik answers {error.code}"
    except OSError as error:
        return f"Authentik is not answering ({error})"
    return ""


def main() -> int:
    wanted: dict[str, Any] = json.loads(os.environ["SETTINGS"])
    corrected: list[str] = []
    code = gate.wait(lambda: problem(wanted, corrected), "the system settings are those that are declared")
    return code or gate.finish("the system settings are those that are declared", corrected)


if __name__ == "__main__":
    sys.exit(main())
