"""What an exported state (`pulumi stack export`, which needs no passphrase) says of the secrets."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from lib.secrets import SecretDeclaration

_SECRET = "4dabf18193072939515e22adb298388d"
"""Key of what the engine calls a secret (sdk/go/common/resource/sig, Key)."""
_COMPONENT = "home-cluster:generated_fields:GeneratedFields"

State = Mapping[str, Any]


def applied_generations(state: State) -> dict[str, int]:
    """Generation of each secret, by path, as the last update left them; empty before the first."""
    return dict(outputs(state).get("secretGenerations", {}))


def outputs(state: State) -> Mapping[str, Any]:
    """What the stack exported, secrets encrypted; empty before the first update."""
    stacks = (one for one in resources(state) if one["type"] == "pulumi:pulumi:Stack")
    return next((one.get("outputs") or {} for one in stacks), {})


def plain(value: Any) -> Any:
    """A value of a state that was exported with `--show-secrets`, opened where it is a secret."""
    return json.loads(value["plaintext"]) if is_secret(value) else value


def is_secret(value: Any) -> bool:
    """Whether a value of a state is a secret, encrypted or opened."""
    return isinstance(value, Mapping) and _SECRET in value


def created_at(state: State, declarations: Iterable[SecretDeclaration]) -> dict[str, datetime]:
    """When the values of each secret were made, by path: its newest value where a rotation was interrupted."""
    paths = {declaration.name: declaration.path for declaration in declarations}
    found: dict[str, datetime] = {}
    for resource in resources(state):
        component, _, name = str(resource.get("parent", "")).rpartition("::")
        if not component.endswith(_COMPONENT) or name not in paths or "created" not in resource:
            continue
        created = datetime.fromisoformat(resource["created"])
        found[paths[name]] = max(created, found.get(paths[name], created))
    return found


def resources(state: State) -> Iterator[Mapping[str, Any]]:
    """Every resource of the state; none where there is no state yet."""
    yield from (state.get("deployment") or {}).get("resources") or ()
