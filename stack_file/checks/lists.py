"""Checks of the lists of the stack file, wherever they stand."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from settings.model import Settings
from settings.problem import Problem


def lists_name_each_entry_once(settings: Settings) -> Iterator[Problem]:
    """What stands twice was meant to be something else, or is taken for two by a service."""
    for key, entries in _lists("", settings.model_dump(by_alias=True, mode="json")):
        for entry, count in Counter(map(str, entries)).items():
            if count > 1:
                yield Problem(key, entry, f"stands {count} times", "name it once")


def _lists(key: str, value: Any) -> Iterator[tuple[str, list[str]]]:
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _lists(f"{key}.{name}" if key else name, below)
    elif isinstance(value, list):
        entries = [entry for entry in value if not isinstance(entry, Mapping)]
        yield key, entries
