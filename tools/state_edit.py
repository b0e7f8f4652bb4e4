"""Taking resources out of a state, so that what is left is sound."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lib.secret_state import resources
from tools.state import State


def without(state: State, urns: set[str]) -> State:
    """The state without these resources, and without the dependencies on them that are left."""
    kept = [_independent(one, urns) for one in resources(state) if one["urn"] not in urns]
    return {**state, "deployment": {**state["deployment"], "resources": kept}}


def independent(state: State, urns: Collection[str]) -> State:
    """The state with these resources depending on one another alone; the others stay as they are."""
    others = {one["urn"] for one in resources(state)} - set(urns)
    found = [_independent(one, others) if one["urn"] in urns else one for one in resources(state)]
    return {**state, "deployment": {**state["deployment"], "resources": found}}


def _independent(resource: Mapping[str, Any], urns: set[str]) -> dict[str, Any]:
    found = dict(resource)
    if "dependencies" in found:
        found["dependencies"] = [one for one in found["dependencies"] if one not in urns]
    if "propertyDependencies" in found:
        needs = found["propertyDependencies"].items()
        found["propertyDependencies"] = {key: [one for one in value or () if one not in urns] for key, value in needs}
    if found.get("deletedWith") in urns:
        del found["deletedWith"]
    return found


def in_cluster(state: State) -> Iterator[str]:
    """URNs of what lives in the cluster: its objects, what Vault and Authentik hold, and their providers."""
    for one in resources(state):
        owner = one["type"] if one["type"].startswith("pulumi:providers:") else f"pulumi:providers:{_package(one)}"
        if owner.rpartition(":")[2] in ("kubernetes", "vault", "authentik"):
            yield one["urn"]


def _package(resource: Mapping[str, Any]) -> str:
    return str(resource["type"]).partition(":")[0] if resource.get("custom") else ""
