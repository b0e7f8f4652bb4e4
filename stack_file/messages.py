"""What a defect of shape looks like to the person who wrote the stack file: key, value, what is wanted, the fix."""

import difflib
import json
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from stack_file import places
from stack_file.model import StackFile
from stack_file.reading import Location, Reading
from stack_file.secrets import SECRET_NAMES

# What each kind of error of pydantic means here; {…} are the values of its context.
_WORDS = {
    "greater_than_equal": "is too low; use {ge} or more",
    "less_than_equal": "is too high; use {le} or less",
    "int_type": "is no whole number; write one without quotes, unit or fraction",
    "int_from_float": "is no whole number; write one without quotes, unit or fraction",
    "bool_type": "is neither true nor false; write one of them, without quotes",
    "string_type": "is no text; put it in quotes",
    "too_short": "has too few entries; give at least {min_length}",
    "literal_error": "is not known; use {expected}",
    "url_parsing": "is no URL ({error}); write one such as https://pve.example.com/",
    "model_type": "is no section; write its keys below it",
    "dict_type": "is no section; write its keys below it",
    "tuple_type": "is no list; write one entry on each line, with a dash before it",
}
# What a key is now that it no longer is.
_RENAMED = {
    ("talos", "worker"): "worker pools have names now: write workers, below it a name such as default, and below that "
    "the keys of the pool",
}
_NO_SECTION = ("model_type", "dict_type", "tuple_type")
_LONGEST = 60


def lines(error: ValidationError, reading: Reading) -> Iterator[str]:
    """One line for each defect. A key that is missing because it is misspelt or misplaced is not told twice, nor a list
    that is too short because one of its entries is wrong.
    """
    details = [detail for detail in error.errors() if not _is_told(detail["loc"], reading)]
    meant = {location for detail in details if (location := _meant(detail)) is not None}
    for detail in details:
        location = detail["loc"]
        inside = any(other["loc"][: len(location)] == location != other["loc"] for other in details)
        owner = detail["input"] == "" and any(place[:-1] == location for place in meant)
        if owner or (detail["type"] == "missing" and location in meant) or (detail["type"] == "too_short" and inside):
            continue
        yield from (f"{_path(location)}: {words}" if location else words for words in _words(detail, reading))


def problems(reading: Reading) -> Iterator[str]:
    """One line for each place where what was written is not what is read."""
    for location, words in reading.problems.items():
        hidden = "is not read as it stands there; put it in quotes"
        yield f"{_path(location) or 'the stack file'}: {hidden if _is_hidden(location, words) else words}"


def _is_told(location: Location, reading: Reading) -> bool:
    return any(location[:end] in reading.problems for end in range(1, len(location) + 1))


def _words(detail: ErrorDetails, reading: Reading) -> list[str]:
    location, value = detail["loc"], detail["input"]
    message = detail["msg"].removeprefix("Value error, ")
    match detail["type"]:
        case "extra_forbidden":
            return [f"is no key of the stack file{_fix_of_key(location)}"]
        case "missing":
            return ["is missing; add it (docs/configuration.md says what it is)"]
        case kind if kind in _NO_SECTION and value == "":
            return ["is empty; write its keys below it, or delete it"]
        case "value_error" if not location:
            return message.splitlines()
        case "value_error":
            return [f"{_shown(detail, reading)} {message}"]
        case kind:
            words = _WORDS.get(kind, "cannot be: {message}").format(**detail.get("ctx", {}), message=message)
            return [f"{_shown(detail, reading)} {words}"]


def _shown(detail: ErrorDetails, reading: Reading) -> str:
    """The value as it was typed, on one line; sections, long texts and what may be secret are not repeated."""
    location, value = detail["loc"], detail["input"]
    if isinstance(value, dict | list):
        whole = "a section" if isinstance(value, dict) else "a list"
        return whole if value else json.dumps(value)
    if _is_hidden(location, value) or (location[:1] == ("secrets",) and detail["type"] in _NO_SECTION):
        return "the value"
    if not isinstance(value, str):
        return reading.typed.get(location, json.dumps(value))
    return repr(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…")


def _is_hidden(location: Location, value: Any) -> bool:
    """Whether a value may hold a secret, or stands where secrets are declared."""
    if not isinstance(value, str):
        return False
    declared = location[:1] == ("secrets",) and location[-1:] != ("[key]",)
    return declared or places.CREDENTIALS.search(value) is not None


def _meant(detail: ErrorDetails) -> Location | None:
    """Where an unknown key was meant to stand."""
    location = detail["loc"]
    if detail["type"] != "extra_forbidden":
        return None
    owner = _owner(location)
    return (owner, *location) if owner is not None else (*location[:-1], _closest(location) or "")


def _owner(location: Location) -> str | None:
    """The section that has the key which stands beside it."""
    if len(location) != 1 or _closest(location, cutoff=0.8) is not None:
        return None
    sections = [field.alias or name for name, field in StackFile.model_fields.items()]
    found = [section for section in sections if location[0] in _keys_at((section,))]
    return found[0] if len(found) == 1 else None


def _fix_of_key(location: Location) -> str:
    if location in _RENAMED:
        return f"; {_RENAMED[location]}"
    secret = _secret(str(location[-1]))
    if secret is not None and len(location) > 1:
        return f"; delete it, then: pulumi config set --secret {secret}"
    owner = _owner(location)
    return f"; it is one of {owner}: indent it below that" if owner is not None else _did_you_mean(location)


def _secret(key: str) -> str | None:
    close = difflib.get_close_matches(key, SECRET_NAMES, n=1, cutoff=0.8)
    return close[0] if close else None


def _path(location: Location) -> str:
    """`talos.controlPlane.nodes[0].vmId`; the mark that pydantic puts at a defective key of a mapping is left out."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]":
            name = places.said(part)
            path += f".{name}" if path else name
    return path


def _closest(location: Location, cutoff: float = 0.5) -> str | None:
    close = difflib.get_close_matches(str(location[-1]), _keys_at(location[:-1]), n=1, cutoff=cutoff)
    return close[0] if close else None


def _did_you_mean(location: Location) -> str:
    close = _closest(location)
    return f"; did you mean {close}?" if close else f"; known keys are {', '.join(sorted(_keys_at(location[:-1])))}"


def _keys_at(location: Location) -> list[str]:
    model: type[BaseModel] = StackFile
    for part in location:
        field = next((field for field in model.model_fields.values() if field.alias == part), None)
        if field is not None:
            model = _model_in(field.annotation) or model
    keys = [field.alias or name for name, field in model.model_fields.items()]
    return keys if location else [*keys, *SECRET_NAMES]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
