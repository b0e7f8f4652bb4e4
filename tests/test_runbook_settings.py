"""Keys of the stack file that runbooks name are there."""

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack_file import schema
from tests.support.program import ROOT

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
_SECTION = "home-cluster:"
_whole = functools.cache(schema.model_schema)


def _settings(text: str) -> Iterator[str]:
    """Keys of the stack file that a page names which are none."""
    whole = _whole()
    sections = set(whole["properties"])
    for span in re.findall(r"`([a-z]\w+(?:\.[\w*<>-]+)+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        head, *rest = span.split(".")
        if (
            head in sections
            and rest[-1] not in ("md", "py", "json", "pem", "yaml", "sh", "snap", "dump")
            and not _leads(whole, whole["properties"][head], rest)
        ):
            yield span
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    for block in (part for one in blocks for part in re.split(r"(?m)^(?=  home-cluster:)", one) if part.strip()):
        read = yaml.safe_load(block)
        for key, value in (read if isinstance(read, dict) else {}).items():
            if key.startswith(_SECTION):
                section = key.removeprefix(_SECTION)
                yield from (
                    f"{section}.{path}" for path in _wrong(whole, whole["properties"].get(section, False), value)
                )
            elif (
                "apiVersion" not in read
                and not any(not [*_wrong(whole, place, {key: value})] for place in _places(whole))
                and "annotations" not in block
                and "traefik" not in key
            ):
                yield key


def _choices(whole: Mapping[str, Any], node: Any) -> list[Mapping[str, Any]]:
    if not isinstance(node, dict):
        return []
    if "$ref" in node:
        return _choices(whole, whole["$defs"][node["$ref"].rpartition("/")[2]])
    several = [one for key in ("anyOf", "oneOf", "allOf") for one in node.get(key, ())]
    return [node, *(found for one in several for found in _choices(whole, one))]


def _below(whole: Mapping[str, Any], node: Any, key: str) -> list[Any]:
    found = []
    for one in _choices(whole, node):
        free = one.get("additionalProperties") if isinstance(one.get("additionalProperties"), dict) else None
        found += [one["properties"][key]] if key in one.get("properties", {}) else [free] if free else []
        found += [*one.get("patternProperties", {}).values()]
        found += _below(whole, one["items"], key) if isinstance(one.get("items"), dict) else []
    return found


def _leads(whole: Mapping[str, Any], node: Any, keys: list[str]) -> bool:
    if not keys:
        return True
    if keys[0] in ("*", "nodes") or keys[0].startswith("<"):
        return True
    return any(_leads(whole, one, keys[1:]) for one in _below(whole, node, keys[0]))


def _wrong(whole: Mapping[str, Any], node: Any, value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            found = _below(whole, node, str(key))
            if not found:
                yield f"{path}{key}"
            elif not any(not [*_wrong(whole, one, inner)] for one in found):
                yield from _wrong(whole, found[0], inner, f"{path}{key}.")


def _places(whole: Mapping[str, Any]) -> Iterator[Any]:
    yield whole
    yield from whole["$defs"].values()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_settings_that_a_runbook_names_are_there(page: Path) -> None:
    assert list(_settings(page.read_text(encoding="utf-8"))) == []


def test_a_setting_that_is_none_is_found() -> None:
    assert list(_settings("Set `gitea.hosts`, `talos.version` and `harbor.projects.<name>.quota`.")) == ["gitea.hosts"]
    assert list(_settings("```yaml\n  home-cluster:gitea:\n    organisation: {}\n```")) == ["gitea.organisation"]
