"""What a disaster is asked while people work on it, and what of a command a scene looks at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from doubles.loopback import Reply, Request


class Disaster(StrEnum):
    """What happened."""

    VAULT = "vault"
    VAULT_SEALED = "vault-sealed"
    DATABASES = "databases"
    MISTAKE = "mistake"
    ETCD = "etcd"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command prints, and its exit code; or a program that the person runs in its place."""

    text: str = ""
    code: int = 0
    program: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A command, taken apart.

    Attributes:
        words: What is neither a flag nor the value of one.
        flags: The value of each, by its long or its only name.
        inside: What follows `--`.
        given: Standard input, where the command reads it.
    """

    program: str
    words: tuple[str, ...]
    flags: Mapping[str, str]
    inside: tuple[str, ...] = ()
    given: str = ""

    @property
    def namespace(self) -> str:
        """Of kubectl."""
        return self.flags.get("namespace", "default")


class Scene(Protocol):
    """A disaster, staged."""

    @property
    def real(self) -> str:
        """Which programs run in it."""

    @property
    def played(self) -> str:
        """What stands in for the rest."""

    @property
    def symptom(self) -> Sequence[str]:
        """What is seen of it, line by line."""

    def answer(self, asked: Asked) -> Answer | None:
        """What a command of the runbooks does; None where it is none of this scene's."""

    def respond(self, request: Request) -> Reply:
        """What the API server of the cluster answers."""

    def rows(self) -> Mapping[str, str]:
        """What has to be well in the end, and what is wrong with it."""


_LONG = {"-n": "namespace", "-c": "container", "-o": "output", "-l": "selector", "-p": "patch", "-f": "filename"}
_ALONE = {"-i", "-t", "-it", "-ti", "-A", "--all-namespaces", "--force", "--prefix", "--all-containers", "-w", "--wait"}
_NODES = {"-n": "nodes"}
_VALUED = {"namespace", "container", "output", "selector", "patch", "filename", "nodes", "talosconfig", "type", "tail"}


def parsed(program: str, words: Sequence[str], given: str = "") -> Asked:
    """Take a command line apart: of kubectl, or of talosctl."""
    before, _, inside = _parted(words)
    long = {**_LONG, **(_NODES if program == "talosctl" else {})}
    found: list[str] = []
    flags: dict[str, str] = {}
    rest = iter(before)
    for word in rest:
        name, equals, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            found.append(word)
        elif word in _ALONE or (word == "-f" and "logs" in found):
            flags[word.lstrip("-")] = "yes"
        else:
            key = long.get(name, name.lstrip("-"))
            flags[key] = value if equals else next(rest, "") if key in _VALUED else "yes"
    return Asked(program=program, words=tuple(found), flags=flags, inside=tuple(inside), given=given)


def _parted(words: Sequence[str]) -> tuple[Sequence[str], str, Sequence[str]]:
    if "--" not in words:
        return words, "", ()
    at = words.index("--")
    return words[:at], "--", words[at + 1 :]


def table(head: str, *rows: str) -> Answer:
    """A table of kubectl: columns are separated by bars here."""
    lines = [line.split("|") for line in (head, *rows)]
    wide = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = "\n".join(
        "   ".join(cell.ljust(size) for cell, size in zip(line, wide, strict=True)).rstrip() for line in lines
    )
    return Answer(text=text)
