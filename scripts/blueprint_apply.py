"""Applies a blueprint and proves it: a run that began here ended well, on exactly this text and this secret.

Authentik applies nothing when the row of a blueprint is created or changed. Its `status` and `last_applied_hash`
describe the last run; `last_applied` moves with every save, so it only tells that a run has ended. The worker may have
read a secret before it was renewed, so that is proven apart. The secret of a client at the token endpoint: with a
made-up code it answers `invalid_client` to a wrong secret or redirect URI and `invalid_grant` to right ones (RFC 6749
section 5.2; `authentik/providers/oauth2/token/base.py`). A token is looked up, which Authentik notes in its audit log
(`authentik/core/api/tokens.py`, action view_key).

Applying a text again puts right what it says of each entry, though nothing in it has changed: a group gets the whole
list of its members (`Importer` in `authentik/blueprints/v1/importer.py`, `GroupSerializer.users`). On a schedule the
script tells what that changed.

Environment: AUTHENTIK_URL, AUTHENTIK_TOKEN, BLUEPRINT_ID (of the row), BLUEPRINT_FILE, BLUEPRINT_SHA512, SECONDS,
SCHEDULED (scripts/gate.py); for a blueprint that reads a secret SECRET_FILE, SECRET_GENERATION_FILE,
SECRET_GENERATION, and what it is the secret of: CLIENT_ID and REDIRECT_URI, or TOKEN_IDENTIFIER.
"""

import hashlib
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from scripts import authentik_state, gate

RUN_SECONDS = 60.0
"""How long one run of a blueprint may take before it is asked for again."""
POLL_SECONDS = 1.0


def accepted(text: bytes, secret: bytes | None) -> set[str]:
    """Hashes that Authentik may give this text (see blueprint_visible)."""
    hashes = {hashlib.sha512(text).hexdigest()}
    if secret is not None:
        hashes.add(hashlib.sha512(text + hashlib.sha512(secret).digest()).hexdigest())
    return hashes


def call(environment: dict[str, str], method: str, path: str) -> dict[str, Any]:
    """One request to the API."""
    request = urllib.request.Request(
        f"{environment['AUTHENTIK_URL']}/api/v3/{path}",
        method=method,
        headers={"Authorization": f"Bearer {environment['AUTHENTIK_TOKEN']}", "Accept": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def run(environment: dict[str, str]) -> dict[str, Any] | None:
    """Ask for a run and wait for its end: the row after it, None when none ended in time."""
    path = f"managed/blueprints/{environment['BLUEPRINT_ID']}/"
    before = call(environment, "GET", path)["last_applied"]
    call(environment, "POST", f"{path}apply/")
    end = time.monotonic() + RUN_SECONDS
    while (row := call(environment, "GET", path))["last_applied"] == before:
        if time.monotonic() > end:
            return None
        time.sleep(POLL_SECONDS)
    return row


def client_problem(environment: dict[str, str], secret: str) -> str:
    """Empty when the client may exchange codes, otherwise what is wrong."""
    form = {
        "grant_type": "authorization_code",
        "code": "none",
        "client_id": environment["CLIENT_ID"],
        "client_secret": secret,
        "redirect_uri": environment["REDIRECT_URI"],
    }
    request = urllib.request.Request(
        f"{environment['AUTHENTIK_URL']}/application/o/token/", data=urllib.parse.urlencode(form).encode()
    )
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        try:
            code = json.load(error).get("error")
        except ValueError:
            return f"the token endpoint answers {error.code}"
        if code == "invalid_grant":
            return ""
        return f"the token endpoint says {code}: the worker may have read the client secret before it was renewed"
    return "the token endpoint accepts a made-up code"


def token_problem(environment: dict[str, str], secret: str) -> str:
    """Empty when the token has this value, otherwise what is wrong."""
    identifier = environment["TOKEN_IDENTIFIER"]
    if call(environment, "GET", f"core/tokens/{identifier}/view_key/")["key"] == secret:
        return ""
    return f"the token {identifier} has another value: the worker may have read it before it was renewed"


def secret_problem(environment: dict[str, str], secret: str) -> str:
    """Empty when Authentik has this value, otherwise what is wrong. On a schedule no token is looked up: each look is
    a line in the audit log, and the run has just set the value.
    """
    if "CLIENT_ID" in environment:
        return client_problem(environment, secret)
    return "" if "SCHEDULED" in environment else token_problem(environment, secret)


def mounted_problem(environment: dict[str, str]) -> str:
    """Empty when the text and the secret mounted here are the wanted ones."""
    text = Path(environment["BLUEPRINT_FILE"]).read_bytes()
    if hashlib.sha512(text).hexdigest() != environment["BLUEPRINT_SHA512"]:
        return "the text mounted here is not the wanted one yet"
    if "SECRET_FILE" in environment:
        generation = Path(environment["SECRET_GENERATION_FILE"]).read_text(encoding="utf-8")
        if generation != environment["SECRET_GENERATION"]:
            return f"the secret mounted here is still generation {generation}"
    return ""


def run_problem(row: dict[str, Any] | None, hashes: set[str]) -> str:
    """Empty when a run ended well on the wanted text."""
    if row is None:
        return f"no run ended within {RUN_SECONDS:.0f} seconds; is the worker running?"
    if row["status"] != "successful":
        return f"the run ended with status {row['status']}; the system tasks of Authentik say why"
    return "" if row["last_applied_hash"] in hashes else "the run applied another version of the text"


def problem(environment: dict[str, str]) -> str:
    """Empty when the blueprint was applied as wanted, otherwise what is wrong."""
    if found := mounted_problem(environment):
        return found
    text = Path(environment["BLUEPRINT_FILE"]).read_bytes()
    secret = Path(environment["SECRET_FILE"]).read_bytes() if "SECRET_FILE" in environment else None
    try:
        found = run_problem(run(environment), accepted(text, secret))
        if secret is not None:
            found = found or secret_problem(environment, secret.decode())
    except urllib.error.HTTPError as error:
        gone = "; the row is gone, run a refresh" if error.code == http.client.NOT_FOUND else ""
        found = f"Authentik answers {error.code}{gone}"
    except OSError as error:
        found = f"Authentik is not answering ({error})"
    return found


def main() -> int:
    environment, before = dict(os.environ), authentik_state.State()

    def get(path: str) -> dict[str, Any]:
        return call(environment, "GET", path)

    def look() -> str:
        if "SCHEDULED" in environment and not before:
            before.update(authentik_state.seen(get))
        return problem(environment)

    code = gate.wait(look, "applied")
    if code or not before:
        return code
    return gate.finish(
        "nothing had been changed by hand", authentik_state.differences(before, authentik_state.seen(get))
    )


if __name__ == "__main__":
    sys.exit(main())
