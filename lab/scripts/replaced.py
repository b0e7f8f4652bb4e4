"""Modules of the standard library in which a script finds the pod's own things."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def replaced(module: ModuleType, *kept: str, **own: Any) -> ModuleType:
    """A module of the same name with these members of it, and these in place of others; it has no further ones."""
    made = ModuleType(module.__name__)
    vars(made).update({name: getattr(module, name) for name in kept} | own)
    return made
