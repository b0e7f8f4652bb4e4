"""Gate of Authentik: its API answers on the public name, and the platform's token is an administrator's.

Ready pods prove neither: the worker makes the administrator and the token some time after its start, and the public
name needs the ingress, its certificate and the name service. After a rotation the old token works until the worker has
taken the new one, so it is the Secret's word that counts: it says itself which generation it holds.

Environment: AUTHENTIK_URL (public), TOKEN_FILE and TOKEN_GENERATION_FILE (the mounted Secret), TOKEN_GENERATION (that
which is wanted), SSL_CERT_FILE, SECONDS.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from scripts import gate


def problem(url: str, token: str) -> str:
    """Empty when the gate is open, otherwise what is wrong."""
    request = urllib.request.Request(
        f"{url}/api/v3/core/users/me/", headers={"Authorization": f"Bearer {token}", "Accept": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return f"the API refuses the token ({error.code}); the worker sets it once it has started"
        return f"the API answers {error.code}"
    except OSError as error:
        return f"the API is not answering ({error})"
    except ValueError:
        return "something answers that is not the API"
    user = answer.get("user") if isinstance(answer, dict) else None
    if not isinstance(user, dict) or not user.get("is_superuser"):
        return "the token works but belongs to no administrator"
    return ""


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
