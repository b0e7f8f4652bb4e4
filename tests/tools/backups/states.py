"""A stack whose CLI is a double: what it exports, imports and opens lies in memory."""

import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from settings.backup import BackupSettings, BackupTarget, NfsTarget
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tools.state import Engine, StateError

STACK = "test-cluster"
RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
PLAIN = load_stack_file(SHIPPED)


def backed_up(*recipients: str, days: int = 30, server: str = "nas.example.com") -> Settings:
    """The shipped stack with backups on a share that no test mounts."""
    target = BackupTarget(nfs=NfsTarget(server=server, path="/export"))
    backup = BackupSettings(target=target, recipients=recipients or (RECIPIENT,), retention_days=days)
    return PLAIN.model_copy(update={"backup": backup})


def exported(version: str = "v3.250.0", of: int = 1) -> dict[str, Any]:
    """A state of so many resources."""
    resources = [{"urn": f"urn:pulumi:{STACK}::home-cluster::t::{one}", "type": "t"} for one in range(of)]
    return {"version": 3, "deployment": {"manifest": {"version": version}, "resources": resources}}


def based(folder: Path, number: int, when: datetime) -> None:
    """Leave a base backup of that time in an archive below the folder of a cluster."""
    file = folder / "databases" / f"postgres-{number}" / "base" / f"{when:%Y%m%dT%H%M%S}" / "backup.info"
    file.parent.mkdir(parents=True)
    file.touch()
    os.utime(file, (when.timestamp(), when.timestamp()))


@dataclass(frozen=True)
class Kept(Engine):
    """`held` has the state, where there is one; `closed` says that the passphrase at hand is another."""

    held: dict[str, Any] = field(default_factory=dict, kw_only=True)

    def call(self, *arguments: str, given: str | None = None) -> str:
        if arguments == ("stack", "export", "--show-secrets") and self.held.get("closed"):
            raise StateError("error: incorrect passphrase")
        if arguments[:2] == ("stack", "export"):
            if "state" not in self.held:
                raise StateError(f"error: no stack named '{STACK}' found")
            return json.dumps(self.held["state"])
        if arguments[:2] == ("stack", "import"):
            self.held["state"] = json.loads(Path(arguments[3]).read_text(encoding="utf-8"))
        elif arguments[:2] == ("stack", "init"):
            self.held["state"] = {"version": 3, "deployment": {}}
        elif arguments[:2] == ("stack", "history"):
            return json.dumps(self.held.get("history", []))
        return "{}"


def checkout(root: Path, **held: Any) -> Kept:
    """A checkout with the shipped stack file, encrypted with a salt, and this state."""
    root.mkdir(exist_ok=True)
    text = SHIPPED.read_text(encoding="utf-8")
    (root / f"Pulumi.{STACK}.yaml").write_text(f"encryptionsalt: v1:salt:{STACK}\n{text}", encoding="utf-8")
    (root / "Pulumi.yaml").write_text("name: home-cluster\n", encoding="utf-8")
    (root / "requirements.txt").write_text("pulumi==3.250.0\n", encoding="utf-8")
    return Kept(root / "pulumi", STACK, root, held={"state": exported(), **held})
