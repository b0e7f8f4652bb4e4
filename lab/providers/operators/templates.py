"""Templates of External Secrets (Go templates, engine v2), as far as they put in variables."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Final

from lab.providers.operators.secret_stores import SyncError

_EXPRESSION: Final = re.compile(r"\{\{-?\s*(?P<body>[^}]*?)\s*-?\}\}")
_PRINTF: Final = re.compile(r"printf \"(?P<format>[^\"]*)\"(?P<arguments>(?: \.[A-Za-z_][\w-]*)+)")
_VARIABLE: Final = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|index \. \"(?P<quoted>[^\"]+)\"")


def render(template: str, data: Mapping[str, str]) -> str:
    """A Go template, as far as it puts in variables; a variable that is not there fails."""

    def replace(match: re.Match[str]) -> str:
        value = _value(match["body"], data)
        if value is None:
            return match[0]
        filters = [part.strip() for part in match["body"].split("|")[1:]]
        for item in filters:
            value = {
                "b64enc": base64.b64encode(value.encode()).decode(),
                "toJson": json.dumps(value),
                "quote": json.dumps(value),
            }.get(item, value)
        return value

    return _EXPRESSION.sub(replace, template)


def _value(body: str, data: Mapping[str, str]) -> str | None:
    """What an expression comes to before its filters; None where it has no variable."""

    def of(name: str) -> str:
        if name not in data:
            raise SyncError(f"could not execute template: map has no entry for key {name!r}")
        return data[name]

    composed = _PRINTF.search(body)
    if composed is not None:
        return composed["format"] % tuple(of(word[1:]) for word in composed["arguments"].split())
    variable = _VARIABLE.search(body)
    return None if variable is None else of(variable["name"] or variable["quoted"])
