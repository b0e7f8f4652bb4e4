"""What a CLI says that the tests of the view stand in for, and what was left of it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.tools.operate.operating import URN, applied

PHASE = "home-cluster:phase:Phase"
PARTS = {
    "phase2-identity": "home-cluster:authentik/server:Authentik",
    "phase3-integration": "home-cluster:vault/oidc:VaultOidc",
}
RELEASE = "kubernetes:helm.sh/v3:Release"
REBOOT = "worker-1 waits for a start with its new memory: on atlas, qm reboot 104, one node at a time"


def urn(phase: str, name: str = "") -> str:
    return f"{URN}{PHASE}${PARTS[phase]}${RELEASE}::{name}" if name else f"{URN}{PHASE}::{phase}"


def step(kind: str, phase: str, name: str = "", op: str = "create", **more: Any) -> dict[str, Any]:
    """An event of a step, as the engine logs it (apitype.EngineEvent)."""
    state = {
        "urn": urn(phase, name),
        "type": RELEASE if name else PHASE,
        "parent": urn(phase) if name else "",
        "id": "",
    }
    metadata = {**state, "op": op, "old": None, "new": state, "keys": [], "diffs": ["values"], "provider": ""}
    return {"sequence": 1, "timestamp": 1_700_000_000, kind: {"metadata": metadata, "planning": False, **more}}


def told(severity: str, text: str, of: str = "") -> dict[str, Any]:
    message = {"urn": of, "prefix": "", "message": f"<{{%reset%}}>{text}<{{%reset%}}>\n", "color": "raw"}
    return {"sequence": 1, "timestamp": 1_700_000_000, "diagnosticEvent": {**message, "severity": severity}}


BEGUN = [step("resOutputsEvent", phase) for phase in PARTS]
PREVIEW = [
    *BEGUN,
    step("resourcePreEvent", "phase2-identity", "authentik", "update"),
    step("resOutputsEvent", "phase2-identity", "authentik", "update"),
    step("resourcePreEvent", "phase3-integration", "login"),
    step("resOutputsEvent", "phase3-integration", "login"),
]
DONE = [*PREVIEW, told("warning", "Endpoints is deprecated"), told("warning", REBOOT), told("warning", REBOOT)]
FAILED = [
    *BEGUN,
    step("resourcePreEvent", "phase2-identity", "authentik", "update"),
    told("error", "1 error occurred:\n\t* Helm: timed out\n", urn("phase2-identity", "authentik")),
    step("resOpFailedEvent", "phase2-identity", "authentik", "update", status=0, steps=1),
    told("error", "update failed"),
]
PLAN = {
    urn(phase, name): {"goal": {"type": RELEASE, "parent": urn(phase), "custom": True, "dependencies": needs}}
    for phase, name, needs in (
        ("phase2-identity", "authentik", []),
        ("phase3-integration", "login", [urn("phase2-identity", "authentik")]),
    )
} | {urn(phase): {"goal": {"type": PHASE, "parent": "", "custom": False}} for phase in PARTS}


def says(checkout: Path, operation: str, events: Iterable[dict[str, Any]], code: int = 0) -> None:
    """What the CLI logs for an operation, with what exit code an update ends, and the plan of its preview."""
    (checkout / f"events-{operation}").write_text("".join(f"{json.dumps(one)}\n" for one in events))
    (checkout / "code").write_text(str(code))
    (checkout / "plan").write_text(json.dumps({"resourcePlans": PLAN}))


def calls(checkout: Path) -> list[list[str]]:
    return [json.loads(line) for line in (checkout / "calls").read_text().splitlines()]


def report(checkout: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((checkout / "build" / "test-cluster" / "report.json").read_text())
    return found


def state(checkout: Path, **outputs: Any) -> None:
    applied(checkout, {"type": "pulumi:pulumi:Stack", "outputs": outputs})
