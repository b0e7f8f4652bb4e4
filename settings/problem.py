"""A clash between settings."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One defect: the key, its value, why it cannot be, and the fix."""

    key: str
    value: object
    clash: str
    fix: str

    def __str__(self) -> str:
        return f"{self.key}: {self.value} {self.clash}; {self.fix}"
