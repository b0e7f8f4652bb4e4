"""What stands where in a stack file: which of its keys are sections of this project, and which only look like one."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from settings.problem import shown
from stack_file.model import StackFile
from stack_file.reading import PROJECT, Location
from stack_file.secrets import SECRET_NAMES

NAMES = frozenset(field.alias or name for name, field in StackFile.model_fields.items()) | SECRET_NAMES
FRAME = ("config", "environment", "secretsprovider", "encryptedkey", "encryptionsalt")
"""What Pulumi keeps in a stack file (`ProjectStack` of sdk/go/common/workspace/project.go); it ignores the rest."""
APART = "x-"
"""Begins a key beside `config` that is there on purpose, for an anchor."""

CREDENTIALS = re.compile(r"https?://[^/]*@|://[^/@]*:[^/@]*@|[@!][^=]*=|[?&][^=]*=|PRIVATE KEY-|SECRET-KEY-")
"""What may be a secret where it stands: a URL with a password, a token or a key."""


def said(key: str) -> str:
    """A key as messages give it."""
    if CREDENTIALS.search(key):
        return "(a key that may be a secret)"
    return shown(key)


def by_name(config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Values of this project by name, and what is wrong with their keys.

    Pulumi puts the project before a key without a prefix, and takes `project:config:name` for `project:name`
    (sdk/go/common/workspace/loaders.go, sdk/go/common/resource/config/key.go).
    """
    found: dict[str, Any] = {}
    keys: dict[str, str] = {}
    problems = []
    for key, value in config.items():
        namespace, name = _parts(key)
        secret = name in SECRET_NAMES
        if namespace != PROJECT:
            if not _looks_like_ours(namespace, name, value):
                continue
            fix = _again(name) if secret else f"write {PROJECT}:{said(name)}"
            problems.append(f"{said(key)}: is not of this project; {fix}")
            if secret:
                continue
        if name in keys:
            problems.append(f"{said(name)}: stands twice, as {said(keys[name])} and {said(key)}; remove one of them")
            continue
        found[name], keys[name] = value, key
    return found, problems


def name_of(key: str) -> str:
    """The name of a key of this project, as messages give it; any other key as it is."""
    namespace, name = _parts(key)
    return name if namespace == PROJECT else key


def inside_sections(config: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """What was indented below a section and is one itself, and the config with each in its own place."""
    problems: list[str] = []
    found: dict[str, Any] = {}
    for key, value in config.items():
        inner = [one for one in value if one.startswith(f"{PROJECT}:")] if isinstance(value, dict) else []
        problems += [f"{said(one)}: stands inside {said(key)}; indent it by two columns less" for one in inner]
        found[key] = {one: below for one, below in value.items() if one not in inner} if inner else value
        found |= {one: value[one] for one in inner if one not in config}
    return problems, found


def beside_config(document: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """What stands beside `config` and should not, and what of that belongs into it."""
    problems: list[str] = []
    sections: dict[str, Any] = {}
    for key, value in document.items():
        if key in FRAME or key.startswith(APART):
            continue
        if _parts(key)[1] in SECRET_NAMES:
            problems.append(f"{key}: stands beside config, where Pulumi ignores it; {_again(_parts(key)[1])}")
            continue
        if _parts(key)[1] in NAMES:
            # The sections after it were taken into it and are right where they stand.
            sections |= inside_sections({key: value})[1]
            problems.append(f"{key}: stands beside config, where Pulumi ignores it; indent it by two columns more")
            continue
        close = difflib.get_close_matches(key, FRAME, n=1)
        fix = f"did you mean {close[0]}?" if close else f"delete it, or begin its name with {APART}"
        problems.append(f"{said(key)}: is no key of a stack file, so Pulumi ignores it; {fix}")
    return problems, sections


def is_encrypted(value: Any) -> bool:
    """Whether Pulumi takes a value for an encrypted one."""
    return isinstance(value, dict) and set(value) == {"secure"} and isinstance(value["secure"], str)


def find(value: Any, wanted: Callable[[Any], bool], at: Location = ()) -> Iterator[Location]:
    """Where something stands in a value."""
    if wanted(value):
        yield at
    elif isinstance(value, dict | list):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from find(below, wanted, (*at, key))


def _again(name: str) -> str:
    return f"delete the line, then: pulumi config set --secret {name}"


def _parts(key: str) -> tuple[str, str]:
    match key.split(":"):
        case [name]:
            return PROJECT, name
        case [namespace, name] | [namespace, "config", name]:
            return namespace, name
    namespace, _, name = key.rpartition(":")
    return namespace, name


def _looks_like_ours(namespace: str, name: str, value: Any) -> bool:
    """Other namespaces are those of providers; none of them has a section for a value."""
    if namespace.startswith(PROJECT) or difflib.get_close_matches(namespace.lower(), [PROJECT], cutoff=0.8):
        return True
    return name in NAMES and (name in SECRET_NAMES or isinstance(value, dict))
