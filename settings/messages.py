"""What a defect of shape looks like to the person who wrote the stack file: key, value, what is wanted, the fix."""

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from settings.model import Settings
from settings.secrets import SECRET_NAMES

Location = Sequence[int | str]

# What each kind of error of pydantic means here; {…} are the values of its context.
_WORDS = {
    "greater_than_equal": "is too low; use {ge} or more",
    "less_than_equal": "is too high; use {le} or less",
    "int_type": "is no whole number; write one without quotes, unit or fraction",
    "int_parsing": "is no whole number; write one without quotes, unit or fraction",
    "int_from_float": "is no whole number; write one without quotes, unit or fraction",
    "bool_type": "is neither true nor false; write one of them",
    "bool_parsing": "is neither true nor false; write one of them",
    "string_type": "is no text; put it in quotes",
    "string_too_short": "is too short; write at least {min_length} character(s)",
    "too_short": "has too few entries; give at least {min_length}",
    "literal_error": "is not known; use {expected}",
    "ip_v4_address": "is no IPv4 address; write one such as 10.2.3.1",
    "url_parsing": "is no URL ({error}); write one such as https://pve.example.com/",
    "url_scheme": "is no web address; begin it with {expected_schemes}",
    "model_type": "is no section; write its keys below it",
    "dict_type": "is no section; write its keys below it",
    "tuple_type": "is no list; write one entry on each line, with a dash before it",
}


def lines(error: ValidationError) -> Iterator[str]:
    """One line for each defect. A key that is missing because it is misspelt is not told twice."""
    details = error.errors()
    extra = [detail["loc"] for detail in details if detail["type"] == "extra_forbidden"]
    misspelt = {(*location[:-1], _closest(location)) for location in extra}
    for detail in details:
        path = _path(detail["loc"])
        match detail["type"]:
            case "extra_forbidden":
                yield f"{path}: is no key of the stack file{_did_you_mean(detail['loc'])}"
            case "missing" if detail["loc"] in misspelt:
                continue
            case "missing":
                yield f"{path}: is missing; add it (docs/configuration.md says what it is)"
            case "value_error" if not path:
                yield from _message(detail).splitlines()
            case "value_error":
                yield f"{path}: {_message(detail)}"
            case kind:
                words = _WORDS.get(kind, "cannot be: {message}").format(**detail.get("ctx", {}), message=detail["msg"])
                yield f"{path}: {detail['input']!r} {words}"


def _message(detail: ErrorDetails) -> str:
    return detail["msg"].removeprefix("Value error, ")


def _path(location: Location) -> str:
    """`talos.worker.nodes[0].vmId`; the mark that pydantic puts at a defective key of a mapping is left out."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]":
            name = part if part.isprintable() else repr(part)  # a line break in a key must not break the line
            path += f".{name}" if path else name
    return path


def _closest(location: Location) -> str | None:
    close = difflib.get_close_matches(str(location[-1]), _keys_at(location[:-1]), n=1, cutoff=0.5)
    return close[0] if close else None


def _did_you_mean(location: Location) -> str:
    close = _closest(location)
    return f"; did you mean {close}?" if close else f"; known keys are {', '.join(sorted(_keys_at(location[:-1])))}"


def _keys_at(location: Location) -> list[str]:
    model: type[BaseModel] = Settings
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
