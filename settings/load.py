"""From a stack file, or from the running program's configuration, to `Settings`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pydantic import ValidationError

from settings.messages import lines
from settings.model import Settings
from settings.secrets import SECRET_NAMES

PROJECT = "home-cluster"


class SettingsError(ValueError):
    """Every defect of a stack file, one per line, each naming key, value and fix."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key, line = self.construct_object(key_node, deep=True), key_node.start_mark.line + 1
            if key in seen:
                raise SettingsError(f"{key}: stands twice, on lines {seen[key]} and {line}; remove one of them")
            seen[key] = line
        return super().construct_mapping(node, deep)


def parse(sections: Mapping[str, Any]) -> Settings:
    """Settings from the sections of a stack file, by key without the project's prefix.

    Raises:
        SettingsError: with every defect found.
    """
    try:
        return Settings.model_validate(dict(sections))
    except ValidationError as error:
        raise SettingsError("\n".join(lines(error))) from error


def load_stack_file(path: Path) -> Settings:
    """Settings of a `Pulumi.<stack>.yaml`, without the Pulumi engine.

    Raises:
        SettingsError: with every defect found.
    """
    try:
        # A subclass of SafeLoader, which constructs plain values only.
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"line {line}: is no YAML: {error.problem}; check indentation and quotes") from error
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise SettingsError("config: has no sections; write them below it as Pulumi.test-cluster.yaml does")
    return parse(_sections(config))


def load_config(config: pulumi.Config) -> Settings:
    """Settings of the running program.

    Raises:
        SettingsError: with every defect found.
    """
    raw = {**pulumi.runtime.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    names = [key.removeprefix(f"{PROJECT}:") for key in raw if key.startswith(f"{PROJECT}:")]
    return parse({name: _structured(config, name) for name in names if name not in SECRET_NAMES})


def _structured(config: pulumi.Config, name: str) -> Any:
    value = config.require(name)
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _sections(config: Mapping[str, Any]) -> dict[str, Any]:
    prefix = f"{PROJECT}:"
    sections = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
    leaked = sorted(key for key in sections if key in SECRET_NAMES and not _is_secure(sections[key]))
    if leaked:
        raise SettingsError(
            "\n".join(
                f"{key}: is in plain text; delete the line, then: pulumi config set --secret {key}" for key in leaked
            )
        )
    return {key: value for key, value in sections.items() if key not in SECRET_NAMES}


def _is_secure(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}
