"""Templates of External Secrets (Go templates, engine v2), as far as they put in variables."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Final

from lab.providers.operators.secret_stores import SyncError

_EXPRESSION: Final = re.compile(r"\{\{-?\s*(?P<body>[^}]*?)\s*-?\}\}")
_VARIABLE: Final = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|index \. \"(?P<quoted>[^\"]+)\"")


def render(template: str, data: Mapping[str, str]) -> str:
    """A Go template, as far as it puts in variables; a variable that is not there fails."""

    def replace(match: re.Match[str]) -> str:
        variable = _VARIABLE.search(match["body"])
        if variable is None:
            return match[0]
        name = variable["name"] or variable["quoted"]
        if name not in data:
            raise SyncError(f"could not execute template: map has no entry for key {name!r}")
        filters = [part.strip() for part in match["body"].split("|")[1:]]
        value = data[name]
        for item in filters:
            value = {
                "b64enc": base64.b64encode(value.encode()).decode(),
                "toJson": json.dumps(value),
                "quote": json.dumps(value),
            }.get(item, value)
        return value

    return _EXPRESSION.sub(replace, template)
