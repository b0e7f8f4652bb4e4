"""`make drift` and what it leaves, with a CLI that streams the events of the preview of a refresh."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.reporting.test_drift import DEPLOYMENT, VM
from tests.tools.conftest import script
from tests.tools.stack_state import STACK, brought_up
from tools import drift
from tools.state import Engine
from tools.status import extras

CERTIFICATE = "-----BEGIN CERTIFICATE-----"


def streamed(type_token: str, op: str) -> str:
    urn = f"urn:pulumi:{STACK}::home-cluster::{type_token}::thing"
    state = {"type": type_token, "urn": urn, "parent": "", "provider": "", "inputs": {}, "outputs": {}}
    metadata = {"op": op, "urn": urn, "type": type_token, "provider": "", "old": state, "new": state}
    return json.dumps({"sequence": 1, "timestamp": 1, "resOutputsEvent": {"metadata": metadata}})


ERROR = json.dumps(
    {
        "sequence": 2,
        "timestamp": 2,
        "diagnosticEvent": {"message": "unreachable", "color": "never", "severity": "error"},
    }
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    brought_up(tmp_path, {"trustedCertificates": CERTIFICATE})
    return tmp_path


def run(checkout: Path, *said: str, code: int = 0, complaint: str = "") -> int:
    """Exit code with a CLI that prints these lines; it keeps how it was called."""
    state, lines = checkout / "state.json", checkout / "lines"
    lines.write_text("".join(f"{line}\n" for line in said), encoding="utf-8")
    script(
        checkout / ".tools" / "pulumi",
        f"""case "$*" in stack*) exec cat {shlex.quote(str(state))} ;; esac
echo "$*" > {shlex.quote(str(checkout / "called"))}
env > {shlex.quote(str(checkout / "environment"))}
while [ "$1" != --event-log ]; do shift; done
cat {shlex.quote(str(lines))} > "$2"
echo {shlex.quote(complaint)} >&2; exit {code}""",
    )
    return drift.main(["--stack", STACK], checkout)


def kept(checkout: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((checkout / "build" / STACK / "drift.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("said", "complaint", "ends", "summary"),
    [
        ([streamed(VM, "same")], "", 0, "none"),
        ([streamed(VM, "delete"), streamed(DEPLOYMENT, "update")], "", 1, "1 changed, 1 deleted"),
        ([streamed(VM, "delete"), ERROR], "", 2, "nobody can tell"),
        ([streamed(VM, "same")], "warning: x\nerror: no passphrase", 2, "nobody can tell"),
        ([], "", 2, "nobody can tell"),
    ],
    ids=["none", "drift", "not all read", "failed at once", "no events"],
)
def test_the_exit_code_and_the_line_of_status_say_whether_there_is_drift(
    checkout: Path, said: list[str], complaint: str, ends: int, summary: str
) -> None:
    engine = Engine(checkout / ".tools" / "pulumi", f"organisation/home-cluster/{STACK}", checkout)
    assert extras.drift(engine) == "drift: never looked for here (`make drift`)"
    assert run(checkout, *said, code=255 if complaint or ERROR in said else 0, complaint=complaint) == ends
    assert extras.drift(engine) == f"drift: {summary}, {kept(checkout)['time']}"
    errors = {"": [], "warning: x\nerror: no passphrase": ["no passphrase"]}[complaint]
    assert kept(checkout)["errors"] == (["unreachable"] if ERROR in said else errors)


def test_where_not_all_could_be_read_an_update_that_looks_would_end_there(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(checkout, streamed(VM, "delete"), ERROR)
    told = capsys.readouterr().out
    assert (f"make refresh STACK={STACK}" in told, "--refresh" in told) == (True, False)


def test_the_engine_is_asked_for_a_preview_that_knows_the_clusters_authority(checkout: Path) -> None:
    run(checkout, streamed(VM, "same"))
    called = (checkout / "called").read_text(encoding="utf-8").split()
    assert called[:3] == ["refresh", "--stack", STACK]
    assert "--preview-only" in called, "nothing is changed, the state neither"
    variables = (checkout / "environment").read_text(encoding="utf-8").splitlines()
    assert f"SSL_CERT_DIR=/etc/ssl/certs:{checkout}/build/trust" in variables, "in a fresh checkout nobody wrote it"
    assert (checkout / "build" / "trust" / f"{STACK}.pem").read_text(encoding="utf-8") == CERTIFICATE


def test_a_stack_that_was_never_brought_up_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    brought_up(tmp_path, {})
    script(tmp_path / ".tools" / "pulumi", f"echo \"error: no stack named '{STACK}' found\" >&2; exit 255")
    assert drift.main(["--stack", STACK], tmp_path) == 2
    assert f"{STACK} was never brought up" in capsys.readouterr().err
