"""A clash between settings, and how a stack file is refused."""

from dataclasses import dataclass

import pulumi


class SettingsError(pulumi.RunError, ValueError):
    """Every defect of a stack file, one per line, each naming key, value and fix.

    The engine shows a `RunError` alone, without the stack trace around other exceptions.
    """


@dataclass(frozen=True)
class Problem:
    """One defect: the key, its value, why it cannot be, and the fix."""

    key: str
    value: object
    clash: str
    fix: str

    def __str__(self) -> str:
        return f"{shown(self.key)}: {shown(self.value)} {self.clash}; {self.fix}"


def shown(value: object) -> str:
    """The value; in quotes if it could not be seen, or would break the line."""
    text = str(value)
    return text if text and text.isprintable() and text == text.strip() else repr(text)
