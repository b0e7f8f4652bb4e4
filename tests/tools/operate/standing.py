"""States of a stack that tests destroy, and what the CLI was told to do with them."""

import json
from pathlib import Path
from typing import Any

from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED

MANIFEST = {"time": "2026-11-27T00:00:00Z", "magic": "", "version": ""}
STACK = ("--stack", "test-cluster")
SETTINGS = load_stack_file(SHIPPED)
URN = "urn:pulumi:test-cluster::home-cluster::"


def resource(kind: str, name: str, parent: str = "", **more: Any) -> dict[str, Any]:
    custom = not kind.startswith(("home-cluster:", "pulumi:pulumi"))
    return {"urn": f"{URN}{kind}::{name}", "type": kind, "custom": custom, "parent": parent, **more}


ROOT = resource("pulumi:pulumi:Stack", "stack")
PHASE = resource("home-cluster:phase:Phase", "cluster", ROOT["urn"])
GATE = resource("pulumi:index:Stash", "gates", PHASE["urn"])
TLS = resource("pulumi:providers:tls", "tls", ROOT["urn"])
VM = resource(
    "proxmoxve:index/vmLegacy:VmLegacy", "control", inputs={"name": "control", "vmId": 1500, "nodeName": "atlas"}
)


def generated(kind: str, name: str, *of: dict[str, Any], **more: Any) -> dict[str, Any]:
    needs = [one["urn"] for one in of]
    return resource(
        kind,
        name,
        PHASE["urn"],
        provider=f"{TLS['urn']}::id",
        dependencies=[GATE["urn"], *needs],
        propertyDependencies={"pem": needs, "none": None},
        **more,
    )


KEY = generated("tls:index/privateKey:PrivateKey", "ca-key", id="1", created="2026-11-01T00:00:00Z")
CA = generated("tls:index/selfSignedCert:SelfSignedCert", "ca", KEY, id="2")
REQUEST = resource("vault:pkiSecret/request:Request", "vault-request", PHASE["urn"])
SIGNED = generated("tls:index/locallySignedCert:LocallySignedCert", "vault-ca", REQUEST, CA)
DRIVER = resource(
    "kubernetes:helm.sh/v3:Release", "csi", PHASE["urn"], outputs={"namespace": "csi-proxmox", "name": "csi"}
)
OF_KEY = [ROOT, PHASE, TLS, KEY, CA]


def of(*found: dict[str, Any]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": list(found)}}


def put(checkout: Path, *found: dict[str, Any]) -> None:
    (checkout / "state").write_text(json.dumps(of(*found)), encoding="utf-8")


def done_by(checkout: Path) -> list[list[str]]:
    """Arguments of what the CLI was to do, and not only to foretell, without those on how it is shown."""
    file = checkout / "calls"
    calls = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    file.unlink(missing_ok=True)
    done = (one for one in calls if one[0] != "preview" and "--preview-only" not in one)
    return [one[: one.index("--skip-preview") + 1] for one in done]
