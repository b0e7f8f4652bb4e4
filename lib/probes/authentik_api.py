"""Gate of Authentik: its API answers on the public name, and the platform's token is an administrator's.

Ready pods prove neither: the worker makes the administrator and the token some time after its start, and the public
name needs the ingress, its certificate and the name service.

Environment: AUTHENTIK_URL (public), AUTHENTIK_TOKEN, SSL_CERT_FILE, SECONDS.
"""

import json
import os
import sys
import urllib.error
import urllib.request

from lib.probes import gate


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


def main() -> int:
    url, token = os.environ["AUTHENTIK_URL"].rstrip("/"), os.environ["AUTHENTIK_TOKEN"]
    return gate.wait(lambda: problem(url, token), f"the API answers on {url}")


if __name__ == "__main__":
    sys.exit(main())
