"""Runbooks: what an operator reads when something failed, named as the page in docs/runbooks and its heading."""

import re

_PLACE = "docs/runbooks/"
_NAMED = re.compile(rf"{_PLACE}[\w-]+\.md(?:#[\w-]+)?")


def path(runbook: str = "") -> str:
    """The runbook by its path in the project."""
    return f"{_PLACE}{runbook}"


def named(text: str) -> list[str]:
    """The runbooks that a message names."""
    return _NAMED.findall(text)
