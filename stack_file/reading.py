"""How Pulumi reads a stack file, so that the check judges the values that the program gets.

Pulumi 3.250 decodes it with gopkg.in/yaml.v3 (sdk/go/common/workspace/loaders.go), puts the project before keys without
a prefix, and hands each key over as text, objects as JSON (sdk/go/common/resource/config/object.go). What it reads as
something else than what stands there is refused here, since nobody can see it afterwards.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from stack_file.scalars import plain

Location = tuple[int | str, ...]

PROJECT = "home-cluster"
_OUTSIDE = re.compile(rf"^{PROJECT}:\w+", re.MULTILINE)
_MERGE = "<<"
_MOST_VALUES = 100_000
"""More than any stack file has: what comes to more is an alias of an alias of an alias."""


class Unreadable(ValueError):
    """Why nothing of a file can be read, in one line."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a stack file says.

    Attributes:
        document: Its values as Pulumi reads them.
        typed: What stands there for each value that is no text, by its place.
        problems: What is wrong with the writing, by its place; a line without the place.
    """

    document: Any = None
    typed: dict[Location, str] = field(default_factory=dict)
    problems: dict[Location, str] = field(default_factory=dict)


class _Loader(yaml.SafeLoader):
    """Leaves plain scalars to `_scalar`: what they are is Pulumi's to say."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode:
            return "plain" if implicit[0] else "quoted"
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if not self.check_event(yaml.AliasEvent):
            # The last of a name counts, in Go as in the specification.
            self.anchors.pop(self.peek_event().anchor, None)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)


def read(path: Path) -> Reading:
    """The values of a stack file.

    Raises:
        FileNotFoundError: when there is none.
        Unreadable: when it is no YAML at all.
    """
    reader = _Reader()
    node = _node(_text(path))
    try:
        document = reader.value(node, ()) if node is not None else None
    except RecursionError as error:
        raise Unreadable("line 1: is nested too deeply; write a stack file as Pulumi.test-cluster.yaml is") from error
    return Reading(document=document, typed=reader.typed, problems=reader.problems)


@lru_cache(maxsize=16)
def _node(text: str) -> yaml.Node | None:
    """Composed once: commands ask for the settings, the configuration and the secrets of the same file."""
    try:
        loader = _Loader(text)
        node = loader.get_node() if loader.check_node() else None
        if loader.check_node():
            line = loader.get_mark().line + 1
            raise Unreadable(f"line {line}: ends the only document that Pulumi reads; remove `---`, or what follows it")
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"U+{int(error.character):04X}"
        raise Unreadable(f"line {line}: holds the control character {what}; delete it") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        outside = _OUTSIDE.search(text)
        if outside is not None and (at := text.count("\n", 0, outside.start()) + 1) <= line:
            fix = "indent it by two columns more"
            raise Unreadable(f"line {at}: {outside.group()} stands beside config, not below it; {fix}") from error
        raise Unreadable(f"line {line}: is no YAML: {error.problem}; check indentation and quotes") from error
    except RecursionError as error:
        raise Unreadable("line 1: is nested too deeply; write a stack file as Pulumi.test-cluster.yaml is") from error
    return node


def _text(path: Path) -> str:
    content = b""
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(f"file: cannot be read ({error.strerror}); name a stack file that you may read") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"line {line}: is no UTF-8 text; save the file in this encoding") from error


class _Reader:
    """Values of nodes. Keeps what was typed, and what is wrong with it, by place."""

    def __init__(self) -> None:
        self.typed: dict[Location, str] = {}
        self.problems: dict[Location, str] = {}
        self._above: list[yaml.Node] = []
        self._count = 0

    def value(self, node: yaml.Node, at: Location) -> Any:
        self._count += 1
        if node in self._above or self._count > _MOST_VALUES:
            line = node.start_mark.line + 1
            raise Unreadable(f"line {line}: has an alias that contains itself or too much; write the values out")
        if node.tag not in ("plain", "quoted", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self.problems[at] = f"{node.tag!r} is a tag, which no setting needs; delete it"
        self._above.append(node)
        if isinstance(node, yaml.MappingNode):
            found: Any = self._mapping(node, at)
        elif isinstance(node, yaml.SequenceNode):
            found = [self.value(one, (*at, place)) for place, one in enumerate(node.value)]
        else:
            found = self._scalar(node, at)
        self._above.pop()
        return found

    def _mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in self._pairs(node, at):
            if key not in found:
                found[key] = self.value(value, (*at, key))
        return found

    def _pairs(self, node: yaml.MappingNode, at: Location) -> Iterator[tuple[str, yaml.Node]]:
        """Keys of a mapping before those that it merges, of which the first wins."""
        lines: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key_node, value in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems[at] = f"has a list or a section for a key, on line {line}; put it in quotes"
            elif key in lines:
                clash = f"stands twice, on lines {lines[key]} and {line}"
                self.problems[*at, key] = f"{clash}; remove one of them"
            elif key == _MERGE and key_node.tag == "plain":
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif not isinstance(self._scalar(key_node, (*at, key)), str):
                self.problems[*at, key] = "is no text, which a key has to be; put it in quotes"
            elif not _is_broken(key):
                yield key, value
            lines[key] = line
        for one in merged:
            if isinstance(one, yaml.MappingNode) and one not in self._above:
                yield from self._pairs(one, at)
            else:
                self.problems[*at, _MERGE] = "merges what is no section; name an anchor of one, such as *pool"

    def _scalar(self, node: yaml.Node, at: Location) -> Any:
        text = str(node.value)
        if _is_broken(text):
            self.problems[at] = "holds half of a character; write the character itself"
            return "?"
        if node.tag != "plain":
            return text
        value, problem = plain(text)
        if not isinstance(value, str):
            self.typed[at] = text
        if problem:
            self.problems[at] = problem
        return value


def _is_broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
