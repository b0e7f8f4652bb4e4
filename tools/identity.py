"""What a cluster is known by: its generated keys and secrets, which `make recreate` keeps in the state (docs/adr/0048).

Machines, addresses and zones follow from the stack file. What follows from nothing is made by the providers of random
values, of TLS and of Talos, and stands in the encrypted state alone.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lib.secret_state import resources
from tools.state import State, StateError
from tools.state_edit import independent, without

_GENERATED = ("random:", "tls:", "talos:machine/secrets:")


def generated(state: State) -> frozenset[str]:
    """URNs of values that were generated from nothing else.

    The certificate of Vault's own CA is none of them: it was made for a key that goes with Vault.
    """
    known = {one["urn"]: one for one in _standing(state)}
    found = {urn for urn, one in known.items() if one.get("custom") and one["type"].startswith(_GENERATED)}
    while foreign := {urn for urn in found if not _sources(known[urn]) <= found}:
        found -= foreign
    return frozenset(found)


def kept(state: State) -> frozenset[str]:
    """URNs of what is generated, of the components around it, and of its providers."""
    known, found = {one["urn"]: one for one in _standing(state)}, set(generated(state))
    for urn in list(found):
        found.add(str(known[urn].get("provider", "")).rpartition("::")[0])
        parent = str(known[urn].get("parent", ""))
        while parent:
            found.add(parent)
            parent = str(known.get(parent, {}).get("parent", ""))
    return frozenset(found & known.keys())


def _standing(state: State) -> Iterator[Mapping[str, Any]]:
    """Without what was replaced and is still to be deleted."""
    return (one for one in resources(state) if not one.get("delete"))


def _sources(resource: Mapping[str, Any]) -> set[str]:
    """URNs of what its inputs came from."""
    return {urn for urns in (resource.get("propertyDependencies") or {}).values() for urn in urns or ()}


def detached(state: State) -> State:
    """The state with what is kept waiting for nothing else, so that the rest can be destroyed."""
    return independent(state, kept(state))


def alone(state: State) -> State:
    """The state with what is kept and nothing else."""
    return without(state, {one["urn"] for one in resources(state)} - kept(state))


def read(file: Path, stack: str) -> State:
    """The identity in an exported state of the stack, its secrets encrypted.

    Raises:
        StateError: when the file is no such thing.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        stacks = {one["urn"].split("::")[0].rpartition(":")[2] for one in resources(found)}
        identity = alone(found)
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise StateError(f"{file} is no exported state ({type(error).__name__}: {error})") from None
    if stacks != {stack}:
        raise StateError(f"{file} is a state of {', '.join(sorted(stacks)) or 'no stack'}, not of {stack}")
    if not kept(identity):
        raise StateError(f"{file} holds no generated key or secret")
    return identity


def renewed(before: State, after: State) -> list[str]:
    """Names of what was kept before and is gone or another since."""
    then, now = _made(before), _made(after)
    return sorted(urn.rpartition("::")[2] for urn, made in then.items() if now.get(urn) != made)


def _made(state: State) -> dict[str, tuple[str, str]]:
    """Id and time of creation of each generated value: both are new where it is made again."""
    urns = generated(state)
    found = (one for one in _standing(state) if one["urn"] in urns)
    return {one["urn"]: (str(one.get("id", "")), str(one.get("created", ""))) for one in found}
