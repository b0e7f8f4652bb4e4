"""Cases: a sound stack file with a few edits, of its values or of its text, and secrets that go with it or do not."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from hypothesis import strategies as st

from stack_file.reading import read
from stack_file.secrets import SECRET_NAMES
from tests.stack_file.cases import RIGHT
from tests.stack_file.fuzzing.values import ODD_TEXTS, Place, fitting, odd, places, resolved
from tests.stack_file.stacks import FIXTURES, SHIPPED, VALID
from tests.support.profiles import profile_file
from tests.support.program import secret_values
from tools.profiles import PROFILES

Draw = Callable[[st.SearchStrategy[Any]], Any]

_PIECES = (
    *("\x00", "\x07", "\ufeff", "\u2028", "\ud7ff", "[", "]", "{", "}", ": ", "- ", "? ", "| ", "\t", "---\n", "\n"),
    *("&a ", "*a", "<<: *a", "!x ", "!!binary ", "&a [*a]", "&a {<<: *a}", "config:\n", "home-cluster:", "%YAML 1.1\n"),
    *(
        "secure: x\n",
        "{secure: x}",
        "x-a: &a {b: c}\n",
        "{? [a] : b}",
        '"\\ud800"',
        "2026-11-27",
        "0x1F",
        "1_000",
        ".nan",
    ),
)

_WHOLE = re.compile(r"\\ud[89ab]..\\ud[c-f]..")
"""A character beyond 16 bits as JSON has it, which YAML reads as two halves."""


OBJECTS = (FIXTURES / "valid" / "shop" / "database.yaml").read_text(encoding="utf-8")


@dataclass(frozen=True, repr=False)
class Case:
    """A stack file as it is typed, the secret configuration (what is not given is made up in the right form), and the
    file of objects that a chain names.
    """

    text: str
    secrets: dict[str, str] = field(default_factory=dict)
    preview: bool = False
    objects: str = OBJECTS


@cache
def _bases() -> tuple[str, ...]:
    files = [*VALID, SHIPPED, *map(profile_file, PROFILES)]
    return (*(path.read_text(encoding="utf-8") for path in files), *(case.stack_file for case in RIGHT))


@cache
def _document(text: str) -> str:
    with NamedTemporaryFile(suffix=".yaml") as file:
        file.write(text.encode())
        file.flush()
        return json.dumps(read(Path(file.name)).document)


@st.composite
def cases(draw: Draw) -> Case:
    text = draw(st.deferred(lambda: st.sampled_from(_bases())))
    if draw(st.integers(0, 3)):
        document = json.loads(_document(text))
        for edit in draw(st.lists(st.sampled_from(_EDITS), min_size=1, max_size=3)):
            edit(draw, document)
        text = _WHOLE.sub(lambda pair: str(json.loads(f'"{pair[0]}"')), json.dumps(document, indent=1))
    else:
        text = draw(edited(text))
    secrets = draw(_secrets()) if draw(st.integers(0, 5)) == 0 else {}
    objects = draw(edited(OBJECTS)) if "shop/database.yaml" in text and draw(st.booleans()) else OBJECTS
    return Case(text, secrets, draw(st.booleans()), objects)


def edited(text: str) -> st.SearchStrategy[str]:
    """The text with other pieces at a few places."""
    pieces = st.sampled_from(_PIECES) | st.text(max_size=6) | st.sampled_from(ODD_TEXTS)
    edits = st.lists(st.tuples(st.integers(0, len(text)), st.integers(0, 40), pieces), min_size=1, max_size=3)

    whole = st.integers(0, text.count("\n"))

    def copied(change: tuple[int, int, str]) -> str:
        """A line where it was pasted, with other blanks before it."""
        lines = text.splitlines(keepends=True)
        source, target, indent = change
        return "".join([*lines[:target], indent, *lines[source : source + 1], *lines[target:]])

    def typed(changes: list[tuple[int, int, str]]) -> str:
        changed = text
        for at, length, piece in changes:
            changed = changed[:at] + piece + changed[at + length :]
        return changed

    return edits.map(typed) | st.tuples(whole, whole, st.sampled_from(("", " ", "  ", "- "))).map(copied)


def _any(draw: Draw, document: Any) -> Place | None:
    found = [one for one in places(document) if one.holder is not document]
    return draw(st.sampled_from(found)) if found else None


def _refit(draw: Draw, document: Any) -> None:
    if place := _any(draw, document):
        place.holder[place.key] = draw(fitting(place.schema))


def _spoil(draw: Draw, document: Any) -> None:
    if place := _any(draw, document):
        place.holder[place.key] = draw(odd)


def _drop(draw: Draw, document: Any) -> None:
    if place := _any(draw, document):
        del place.holder[place.key]


def _add(draw: Draw, document: Any) -> None:
    """A key that the model knows and the file does not have."""
    found = [
        (place.value, name, below)
        for place in places(document)
        if isinstance(place.value, dict)
        for name, below in resolved(place.schema).get("properties", {}).items()
        if name not in place.value and f"home-cluster:{name}" not in place.value and name not in SECRET_NAMES
    ]
    if found:
        holder, name, below = draw(st.sampled_from(found))
        holder[name] = draw(fitting(below))


def _clash(draw: Draw, document: Any) -> None:
    """What stands elsewhere in the file already."""
    if place := _any(draw, document):
        alike = [one for one in places(document) if type(one.value) is type(place.value)]
        place.holder[place.key] = json.loads(json.dumps(draw(st.sampled_from(alike)).value))


def _rename(draw: Draw, document: Any) -> None:
    place = _any(draw, document)
    if place and isinstance(place.holder, dict):
        name = str(place.key)
        known = [str(one.key) for one in places(document) if isinstance(one.key, str)]
        others = st.sampled_from((name.upper(), name[1:], f"{name}s", f"{name} ", *known, *ODD_TEXTS))
        place.holder[draw(others)] = place.holder.pop(place.key)


def _touch(draw: Draw, document: Any) -> None:
    """Something near: the next number, a text that is nearly the same."""
    if place := _any(draw, document):
        value = place.value
        if isinstance(value, str):
            at = draw(st.integers(0, len(value)))
            place.holder[place.key] = value[:at] + draw(st.sampled_from((*ODD_TEXTS[:30], "1", "x"))) + value[at + 1 :]
        elif isinstance(value, int):
            place.holder[place.key] = value + draw(st.sampled_from((-1, 1, 7, 1000, -value)))
        elif isinstance(value, list):
            place.holder[place.key] = value * draw(st.sampled_from((0, 2, 40)))


_EDITS = (_refit, _refit, _spoil, _drop, _add, _add, _clash, _rename, _touch, _touch)


@st.composite
def _secrets(draw: Draw) -> dict[str, str]:
    """One to three of the secret keys with a value that was copied wrongly, or is another's."""
    valid = secret_values()
    given = {}
    for name in draw(st.lists(st.sampled_from(sorted(valid)), min_size=1, max_size=3)):
        near = edited(valid[name]) | st.sampled_from(sorted(valid.values())) | st.just(valid[name] + "\n")
        shaped = odd.map(json.dumps) | st.sampled_from(ODD_TEXTS) | st.just("[" * 100_000)
        given[name] = draw(near | shaped)
    return given
