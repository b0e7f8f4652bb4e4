"""Gate in front of a blueprint's row: Authentik's worker sees the file, in the wanted version.

Creating the row fails until then, and the kubelet brings a new or changed ConfigMap into a running pod only at its next
synchronisation. Authentik asks the worker itself for the list (`authentik/blueprints/api.py`, action `available`).

Environment: AUTHENTIK_URL, AUTHENTIK_TOKEN, BLUEPRINT_PATH (as Authentik names it), BLUEPRINT_FILE (the same text,
mounted here), BLUEPRINT_SHA512 (of the wanted text), SECRET_FILE (where it reads one), SECONDS.
"""

import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from scripts import gate


def accepted(text: bytes, secret_file: str) -> set[str]:
    """Hashes that Authentik may give this text.

    Release 2026.8 hashes the text. Its development line adds the digest of each file that a `!File` tag names, of
    which a blueprint of this program has one at most (`authentik/blueprints/v1/tasks.py`, blueprint_hash).
    """
    hashes = {hashlib.sha512(text).hexdigest()}
    if secret_file:
        secret = Path(secret_file).read_bytes()
        hashes.add(hashlib.sha512(text + hashlib.sha512(secret).digest()).hexdigest())
    return hashes


def available(url: str, token: str) -> list[dict[str, str]]:
    """The files that the worker sees."""
    request = urllib.request.Request(
        f"{url}/api/v3/managed/blueprints/available/",
        headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        files: list[dict[str, str]] = json.load(response)
    return files


def problem(environment: dict[str, str]) -> str:
    """Empty when the worker sees the wanted text, otherwise what is wrong."""
    path = environment["BLUEPRINT_PATH"]
    text = Path(environment["BLUEPRINT_FILE"]).read_bytes()
    if hashlib.sha512(text).hexdigest() != environment["BLUEPRINT_SHA512"]:
        return "the text mounted here is not the wanted one yet"
    try:
        files = available(environment["AUTHENTIK_URL"], environment["AUTHENTIK_TOKEN"])
    except urllib.error.HTTPError as error:
        return f"Authentik cannot list its files ({error.code}); it asks the worker, which may not run yet"
    except OSError as error:
        return f"Authentik is not answering ({error})"
    hashes = [file["hash"] for file in files if file.get("path") == path]
    if not hashes:
        return f"the worker does not see {path} yet"
    if hashes[0] not in accepted(text, environment.get("SECRET_FILE", "")):
        return f"the worker still sees another version of {path}"
    return ""


def main() -> int:
    return gate.wait(lambda: problem(dict(os.environ)), f"the worker sees {os.environ['BLUEPRINT_PATH']}")


if __name__ == "__main__":
    sys.exit(main())
