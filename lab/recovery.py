"""After an interrupted operation: what a person would do before the next one.

Its lock is removed (`pulumi cancel`). Creations it had begun are adopted where the thing was created after all, else
forgotten: the state is exported, edited and imported again, as the engine's own advice is for pending operations. (The
flag `--import-pending-creates` of `pulumi refresh` only renames the pending operation: tried with 3.250.0.) A refresh
then reads what was adopted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pulumi import automation as auto

from lab.checkout import Stack
from lab.providers.kubernetes.cluster import OBJECTS, RELEASES, object_key
from lab.providers.kubernetes.kinds import Kind
from lab.world import World

# Tables whose records name the URN that made them.
_TABLES: Final = (
    *("vault/resources", "authentik/blueprints", "proxmox/vms", "proxmox/files"),
    *("talos/resources", "talos/secrets", "talos/schematics"),
)

Emit = Callable[[Mapping[str, Any]], None]


def recover(selected: auto.Stack, stack: Stack, world: World, emit: Emit) -> None:
    """Bring the stack of an interrupted operation into a state that the next one can start from.

    The world's file lock is held, so no other operation of this working directory runs.
    """
    if not _was_interrupted(stack):
        return
    selected.cancel()
    exported = selected.export_stack()
    deployment = dict(exported.deployment or {})
    pending = deployment.get("pending_operations") or []
    if not pending:
        return
    adopted = [resource for operation in pending if (resource := _adopted(world, operation)) is not None]
    text = f"{len(pending)} steps were interrupted; {len(adopted)} of them had created something, which is adopted"
    emit({"event": "message", "severity": "warning", "urn": "", "text": text})
    deployment["resources"] = [*(deployment.get("resources") or []), *adopted]
    deployment["pending_operations"] = []
    selected.import_stack(auto.Deployment(version=exported.version, deployment=deployment))
    try:
        selected.refresh(on_output=print, color="never")
    except auto.CommandError as error:
        text = f"the refresh after the interruption failed: {error}"
        emit({"event": "message", "severity": "warning", "urn": "", "text": text})


def _was_interrupted(stack: Stack) -> bool:
    """Whether the last operation left its lock or unfinished steps behind: asking the CLI would take a second."""
    backend = stack.backend / ".pulumi"
    if any((backend / "locks").rglob("*.json")):
        return True
    states = (backend / "stacks").rglob(f"{stack.name}.json")
    return any('"pending_operations"' in state.read_text(encoding="utf-8") for state in states)


def _adopted(world: World, operation: Mapping[str, Any]) -> dict[str, Any] | None:
    """The state of a resource whose creation was not recorded, if the world has it."""
    resource = dict(operation["resource"])
    identifier = _identifier(world, resource) if operation["type"] == "creating" and resource.get("custom") else None
    return None if identifier is None else {**resource, "id": identifier, "outputs": resource.get("inputs") or {}}


def _identifier(world: World, resource: Mapping[str, Any]) -> str | None:
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
        for record in world.table(table).values():
            if record["urn"] == resource["urn"]:
                return str(record["id"])
    return None
