"""The chains of examples/, each merged into a stack file as a person would do it."""

from pathlib import Path
from typing import Any

import yaml

from tests.support.program import ROOT, STACK_FILE

CHAINS = sorted((ROOT / "examples" / "chains").glob("*/chain.yaml"))
MEMORY = 24576
"""MiB of a worker that has room for the platform and all of them."""


def write(folder: Path, *fragments: Path, name: str = STACK_FILE.name) -> Path:
    """The shipped stack file with the fragments in it and larger workers; the files that they name are beside it."""
    document = yaml.safe_load(STACK_FILE.read_text(encoding="utf-8"))
    for fragment in fragments:
        document = _joined(document, yaml.safe_load(fragment.read_text(encoding="utf-8")))
    for pool in document["config"]["home-cluster:talos"]["workers"].values():
        pool["memory"] = MEMORY
    path = folder / name
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    (folder / "examples").symlink_to(ROOT / "examples")
    return path


def _joined(one: Any, other: Any) -> Any:
    """Sections are joined, and what a list of both has is added."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one | {key: _joined(one[key], value) if key in one else value for key, value in other.items()}
    return [*one, *other] if isinstance(one, list) and isinstance(other, list) else other
