"""Which Talos and Kubernetes each node of a stack has: as updates wrote it down, or as a Git revision says."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lib.secret_state import resources
from settings import changes

KEYS = {"talos": "talos.version", "kubernetes": "talos.kubernetesVersion"}
_NODE = "home-cluster:talos/node:TalosNode"

Releases = Mapping[str, str]
"""Of one node, by the words of KEYS, and the schematic of its Talos where that is known."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """What runs, as far as `source` says; `record` is what an update is compared with, by key of the stack file."""

    source: str
    nodes: Mapping[str, Releases]
    record: Mapping[str, str]


def applied(state: Mapping[str, Any]) -> Before | None:
    """What updates wrote down, node by node: one that failed left some behind. None where no node says it."""
    nodes = dict(of_nodes(state))
    return Before(source="the state, node by node", nodes=nodes, record=changes.applied(state)) if nodes else None


def of_nodes(state: Mapping[str, Any]) -> Iterator[tuple[str, Releases]]:
    """Names of nodes with what was applied to them last."""
    for one in resources(state):
        outputs = one.get("outputs") or {}
        if one["type"] == _NODE and "installer" in outputs:
            name = one["urn"].rpartition("::")[2].removeprefix("talos-")
            image, _, release = str(outputs["installer"]).rpartition(":")
            schematic = image.rpartition("/")[2]
            yield name, {"talos": release, "schematic": schematic, "kubernetes": str(outputs["kubernetesVersion"])}


def committed(path: Path, revision: str) -> Before | None:
    """What the stack file of a Git revision says; None where there is none."""
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "show", f"{revision}:./{path.name}"]
    shown = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    document = yaml.safe_load(shown.stdout) if shown.returncode == 0 else None
    talos = ((document or {}).get("config") or {}).get("home-cluster:talos") or {}
    releases = {word: str(talos.get(key.partition(".")[2], "")) for word, key in KEYS.items()}
    if not all(releases.values()):
        return None
    pools = [talos.get("controlPlane") or {}, *(talos.get("workers") or {}).values()]
    nodes = {str(node["name"]): releases for pool in pools for node in pool.get("nodes") or ()}
    record = {KEYS[word]: found for word, found in releases.items()}
    return Before(source=f"{path.name} of {revision}", nodes=nodes, record=record)
