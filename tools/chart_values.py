"""Values of charts: how Helm merges them, and which images they describe."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
"""Keys that lead to a value."""


@dataclass(frozen=True)
class Image:
    """An image as the values of a chart describe it: a mapping with `repository` and `tag`."""

    path: Path
    spec: Mapping[str, Any]

    @property
    def floats(self) -> bool:
        """Whether its tag names no release. Where there is none, a chart takes that of its own release."""
        tag = self.spec["tag"]
        return bool(tag) and not self.spec.get("digest") and not re.match(r"v?\d+(\.\d+){2}|\d+-[0-9a-f]{7}", str(tag))

    @property
    def always(self) -> bool:
        return self.spec.get("pullPolicy") == "Always"

    def __str__(self) -> str:
        spec = self.spec
        return f"{'.'.join(map(str, self.path))}: {spec['repository']}:{spec['tag']} {spec.get('pullPolicy') or ''}"


def images(values: Any, path: Path = ()) -> Iterator[Image]:
    """Images of every part of the values that is not switched off."""
    if not isinstance(values, Mapping) or values.get("enabled") is False:
        return
    if {"repository", "tag"} <= set(values):
        yield Image(path, values)
    for key, value in values.items():
        yield from images(value, (*path, key))


def image_names(values: Mapping[str, Any]) -> Iterator[str]:
    """Registry and repository of each of these images, in the ways in which charts put them together."""
    common = (values.get("global") or {}).get("imageRegistry") or values.get("imageRegistry") or ""
    for image in images(values):
        registry, repository = image.spec.get("registry") or common, image.spec["repository"]
        if repository:
            yield f"{registry}/{repository}" if registry else str(repository)


def merged(defaults: Any, ours: Any) -> Any:
    """Values as Helm merges them: mappings key by key, everything else replaced, null removes a key.

    pulumi-kubernetes hands null on since 4.30.0 (https://github.com/pulumi/pulumi-kubernetes/issues/2997).
    """
    if not isinstance(defaults, dict) or not isinstance(ours, dict):
        return ours
    result = deepcopy(defaults)
    for key, value in ours.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result[key], value) if key in result else value
    return result
