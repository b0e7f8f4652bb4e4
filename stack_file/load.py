"""From a stack file, or from the running program's configuration, to `Settings`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pulumi
from pydantic import ValidationError

from settings.chain_types import FOLDER
from settings.model import Settings
from settings.problem import SettingsError
from stack_file import places
from stack_file.checks import every
from stack_file.messages import lines, problems
from stack_file.model import StackFile
from stack_file.reading import PROJECT, Location, Reading, Unreadable, read
from stack_file.secrets import SECRET_NAMES

__all__ = ["PROJECT", "SettingsError", "load_config", "load_stack_file", "parse"]

_EMPTY = "is empty; write a value, or delete the key"
_ENCRYPTED = "is encrypted, as only secrets are (docs/configuration.md); write it in plain text"


def parse(
    sections: dict[str, Any], reading: Reading | None = None, told: Iterable[str] = (), folder: Path = Path()
) -> Settings:
    """Settings from the sections of a stack file, by key without the project's prefix.

    Args:
        reading: How the values were written, and what is wrong with that.
        told: Defects that were found already.
        folder: Where the stack file lies, and the files that it names.

    Raises:
        SettingsError: with every defect found.
    """
    reading = reading or Reading()
    empty = dict.fromkeys(places.find(sections, lambda value: value is None), _EMPTY)
    hidden = dict.fromkeys(places.find(sections, places.is_encrypted), _ENCRYPTED)
    reading = replace(reading, problems=empty | hidden | reading.problems)
    found = [*told, *problems(reading)]
    try:
        # As JSON, which the engine hands over and which has no tuples: so `strict` refuses no list.
        settings = StackFile.model_validate_json(
            json.dumps(sections), strict=True, by_alias=True, by_name=False, context={FOLDER: folder}
        )
    except ValidationError as error:
        found += lines(error, reading)
    else:
        found += [str(problem) for check in every.ALL for problem in check(settings)]
    if found:
        raise SettingsError("\n".join(dict.fromkeys(found)))
    return settings


def load_stack_file(path: Path) -> Settings:
    """Settings of a `Pulumi.<stack>.yaml`, without the Pulumi engine.

    Raises:
        FileNotFoundError: when there is none.
        SettingsError: with every defect found.
    """
    try:
        reading = read(path)
    except Unreadable as error:
        raise SettingsError(str(error)) from error
    document = reading.document
    config = document.get("config") if isinstance(document, dict) else None
    misplaced, beside = places.beside_config(document) if isinstance(document, dict) else ([], {})
    if not isinstance(config, dict):
        nothing = "config: has no sections; write them below it as Pulumi.test-cluster.yaml does"
        raise SettingsError("\n".join(misplaced or [nothing]))
    nested, config = places.inside_sections({key: _structured(value) for key, value in {**beside, **config}.items()})
    named, wrong = places.by_name(config)
    plain = (name for name in named if name in SECRET_NAMES and not places.is_encrypted(named[name]))
    told = [*misplaced, *nested, *wrong, *map(_leaked, sorted(plain))]
    return parse(_sections(named), _in_sections(reading), told, path.parent)


def load_config(config: pulumi.Config) -> Settings:
    """Settings of the running program.

    Raises:
        SettingsError: with every defect found.
    """
    raw = {**pulumi.runtime.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    nested, sections = places.inside_sections({key: _structured(value) for key, value in raw.items()})
    named, wrong = places.by_name(sections)
    told = [*nested, *wrong]
    encrypted = {name for name in named if pulumi.runtime.is_config_secret(config.full_key(name))}
    told += map(_leaked, sorted(SECRET_NAMES.intersection(named) - encrypted))
    hidden: dict[Location, str] = {(name,): _ENCRYPTED for name in encrypted - SECRET_NAMES}
    return parse(_sections(named), Reading(problems=hidden), told)


def _sections(named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in named.items() if name not in SECRET_NAMES}


def _structured(value: Any) -> Any:
    """A value that may be JSON: the engine hands objects over as such, and `pulumi config set` keeps it as text."""
    if value is None:
        return ""  # as the engine hands it over
    try:
        return json.loads(value, parse_constant=_refused) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _in_sections(reading: Reading) -> Reading:
    """The reading by section instead of place in the file, without what stands for a secret."""
    typed = {_in_section(at): text for at, text in reading.typed.items()}
    problems = {_in_section(at): text for at, text in reading.problems.items()}
    return Reading(typed=typed, problems={at: text for at, text in problems.items() if not {*at} & SECRET_NAMES})


def _in_section(at: Location) -> Location:
    if at[:1] == ("config",):
        at = at[1:]
    return (places.name_of(str(at[0])), *at[1:]) if at else at


def _leaked(name: str) -> str:
    return f"{name}: is in plain text; delete the line, then: pulumi config set --secret {name}"
