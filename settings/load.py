"""From a stack file, or from the running program's configuration, to `Settings`."""

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pulumi
import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from settings.model import Settings
from settings.secrets import SECRET_NAMES

PROJECT = "home-cluster"


class SettingsError(ValueError):
    """Every defect of a stack file, one per line, each naming key, value and fix."""


def parse(sections: Mapping[str, Any]) -> Settings:
    """Settings from the sections of a stack file, by key without the project's prefix.

    Raises:
        SettingsError: with every defect found.
    """
    try:
        return Settings.model_validate(dict(sections))
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from error


def load_stack_file(path: Path) -> Settings:
    """Settings of a `Pulumi.<stack>.yaml`, without the Pulumi engine.

    Raises:
        SettingsError: with every defect found.
    """
    document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return parse(_sections(document.get("config") or {}))


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


def _lines(error: ValidationError) -> Iterator[str]:
    for detail in error.errors():
        path = ".".join(str(part) for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        match detail["type"]:
            case "extra_forbidden":
                yield f"{path}: is no key of the stack file{_did_you_mean(detail)}"
            case "missing":
                yield f"{path}: is missing; add it (docs/configuration.md says what it is)"
            case _ if path:
                yield f"{path}: {_shown(detail)}{message}"
            case _:
                yield from message.splitlines()


def _shown(detail: ErrorDetails) -> str:
    return "" if detail["type"] == "value_error" else f"{detail['input']!r}: "


def _did_you_mean(detail: ErrorDetails) -> str:
    *parents, key = detail["loc"]
    known = _keys_at(parents)
    close = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known keys are {', '.join(sorted(known))}"


def _keys_at(location: list[int | str]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in location:
        field = next((field for field in model.model_fields.values() if field.alias == part), None)
        if field is not None:
            model = _model_in(field.annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
