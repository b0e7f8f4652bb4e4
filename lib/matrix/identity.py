"""What a homeserver can never change: its name, which is in every id, and the key that other servers know it by."""

from collections.abc import Iterator, Mapping
from typing import Any

from lib.secret_state import resources
from settings.problem import Problem

GENERATED = "generated"
"""Stands for a signing key that the program made, of which there is only one."""

_COMPONENT = "home-cluster:matrix_identity:MatrixIdentity"
_NAME, _KEY = "serverName", "signingKey"
_RUNBOOK = "docs/runbooks/matrix.md says what else it takes"


def record(server_name: str, signing_key: str = GENERATED) -> dict[str, str]:
    """What is written down at the first start. `signing_key`: GENERATED, or the fingerprint of an imported one."""
    return {_NAME: server_name, _KEY: signing_key}


def renamed(applied: Mapping[str, str], server_name: str) -> list[str]:
    """Why the name cannot be this one; empty when it can. `applied`: the record, empty before the first start."""
    first = applied.get(_NAME, server_name)
    if first == server_name:
        return []
    return [
        str(
            Problem(
                "matrix.serverName",
                server_name,
                f"is not {first}, the name that this server started with and that is in the id of every user and room",
                f"write {first} again ({_RUNBOOK})",
            )
        )
    ]


def problems(applied: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Why a server that started as `applied` cannot go on as `wanted`; both are records, `applied` may be empty."""
    return [*renamed(applied, wanted[_NAME]), *_other_key(applied.get(_KEY, wanted[_KEY]), wanted[_KEY])]


def _other_key(first: str, key: str) -> Iterator[str]:
    if first == key:
        return
    said = "not set" if key == GENERATED else key
    if first == GENERATED:
        known, fix = "a key of its own", "unset it with: pulumi config rm"
    else:
        known, fix = first, "set that one again with: pulumi config set --secret"
    yield (
        f"matrixSigningKey: is {said}, and this server started with {known}, by which other servers know it; "
        f"{fix} matrixSigningKey ({_RUNBOOK})"
    )


def applied_record(state: Mapping[str, Any]) -> dict[str, str]:
    """The record in an exported state (`pulumi stack export`); empty before the first start."""
    for resource in resources(state):
        component = str(resource.get("parent", "")).rpartition("::")[0]
        if component.endswith(_COMPONENT) and "keepers" in resource.get("outputs", {}):
            return dict(resource["outputs"]["keepers"])
    return {}
