"""After an interrupted operation: what a person would do before the next one.

Its lock is removed (`pulumi cancel`); creations it had begun are imported where the thing was created after all, else
forgotten (`pulumi refresh --import-pending-creates … --clear-pending-creates`).
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from typing import Any, Final

from pulumi import automation as auto

from lab.providers.kubernetes.cluster import OBJECTS, RELEASES, object_key
from lab.providers.kubernetes.kinds import Kind
from lab.providers.proxmox.files import FILES
from lab.world import World

_TABLES: Final = ("vault/resources", "authentik/blueprints", "proxmox/vms", FILES, "talos/resources", "talos/secrets")


def recover(selected: auto.Stack, world: World, emit: Callable[[Mapping[str, Any]], None]) -> None:
    """Bring the stack of an interrupted operation into a state that the next one can start from.

    The world's file lock is held, so no other operation of this working directory runs.
    """
    selected.cancel()
    deployment = selected.export_stack().deployment or {}
    pending = deployment.get("pending_operations") or []
    if not pending:
        return
    emit(
        {
            "event": "message",
            "severity": "warning",
            "urn": "",
            "text": f"{len(pending)} steps were interrupted: recovering",
        }
    )
    arguments = ["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", selected.name]
    for operation in pending:
        identifier = _created(world, operation["resource"]) if operation["type"] == "creating" else None
        if identifier:
            arguments += ["--import-pending-creates", operation["resource"]["urn"]]
            arguments += ["--import-pending-creates", identifier]
    command = [*("pulumi", *arguments), "--non-interactive", "--color", "never"]
    done = subprocess.run(command, cwd=selected.workspace.work_dir, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr, sep="\n")
    if done.returncode != 0:
        text = f"the refresh after the interruption failed: {done.stderr.strip() or done.stdout.strip()}"
        emit({"event": "message", "severity": "warning", "urn": "", "text": text})


def _created(world: World, resource: Mapping[str, Any]) -> str | None:
    """The id of a resource whose creation was not recorded, if the world has it."""
    inputs = resource.get("inputs") or {}
    if resource["type"] == "kubernetes:helm.sh/v3:Release":
        key = f"{inputs.get('namespace')}/{inputs.get('name')}"
        return key if world.get(RELEASES, key) else None
    if resource["type"].startswith("kubernetes:"):
        kind, metadata = Kind.from_token(resource["type"]), inputs.get("metadata") or {}
        namespace, name = metadata.get("namespace", ""), metadata.get("name", "")
        there = world.get(OBJECTS, object_key(kind.group, kind.kind, namespace, name))
        return (f"{namespace}/{name}" if namespace else name) if there else None
    for table in _TABLES:
        for key, record in world.table(table).items():
            if record.get("urn") == resource["urn"]:
                return key.rpartition("|")[2]
    return None
