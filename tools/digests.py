"""Digests of images and charts, as their registries say them, and as they were when a person last kept them.

`make images STACK=home ARGS=--keep` writes Pulumi.home.digests.json, to be committed beside the stack file. From then
on `ARGS=--digests`, and so `make sbom` in the weekly workflow, fails where something else is served under a name of it:
a release that was moved. A new release has a new name, and is told as one that nobody has kept yet.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from tools.listing import Listing
from tools.upstream import UnreachableError, chart_digest, digest


def ask(found: Listing) -> list[str]:
    """Add the digests that registries and repositories have; which are not known, and why."""
    missing = []
    for one in found.images:
        if ":" not in one.image.rpartition("/")[2]:
            continue  # its operator picks the tag
        try:
            one.digest = one.image.partition("@")[2] or digest(one.image)
        except UnreachableError as error:
            missing.append(str(error))
    for chart in found.charts:
        try:
            chart["digest"] = chart_digest(chart["source"], chart["chart"], chart["version"])
        except UnreachableError as error:
            missing.append(str(error))
    return missing


def keep(found: Listing, root: Path) -> Path:
    """Write the digests that are known; the file."""
    kept = file(found.stack, root)
    kept.write_text(json.dumps(dict(sorted(_named(found))), indent=1) + "\n", encoding="utf-8")
    return kept


def moved(found: Listing, root: Path) -> list[str]:
    """What has another digest than was kept, each as a sentence; empty where nothing was kept."""
    path = file(found.stack, root)
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return [f"{name} was {kept[name]} and is {now}" for name, now in _named(found) if kept.get(name, now) != now]


def unkept(found: Listing, root: Path) -> list[str]:
    """Names that have no digest in the file; empty where there is no file."""
    path = file(found.stack, root)
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    return [] if kept is None else [name for name, _ in _named(found) if name not in kept]


def file(stack: str, root: Path) -> Path:
    """Where the digests of a stack are kept."""
    return root / f"Pulumi.{stack}.digests.json"


def _named(found: Listing) -> Iterator[tuple[str, str]]:
    yield from ((one.image, one.digest) for one in found.images if one.digest)
    charts = (one for one in found.charts if one.get("digest"))
    yield from ((f"{one['source']}/{one['chart']} {one['version']}", one["digest"]) for one in charts)
