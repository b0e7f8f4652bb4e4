"""What an invariant is, and what it says of a program that breaks it."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from invariants.view import Program, Resource


@dataclass(frozen=True)
class Violation:
    """One resource that breaks an invariant: which, how, and what to do."""

    urn: str
    what: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """What holds of every program.

    Attributes:
        id: Short name, the same in the table, the docs and the policy pack.
        statement: What holds, in one sentence.
        why: What happens otherwise.
        check: The violations of a whole program.
        of_one: The violations of one resource, where nothing else has to be looked at.
    """

    id: str
    statement: str
    why: str
    check: Callable[[Program[Any]], Iterator[Violation]]
    of_one: Callable[[Resource], Iterator[Violation]] | None = None


def invariant(identity: str, statement: str) -> Callable[[Callable[[Program[Any]], Iterator[Violation]]], Invariant]:
    """Of a function over the program, whose docstring says why."""

    def made(check: Callable[[Program[Any]], Iterator[Violation]]) -> Invariant:
        return Invariant(id=identity, statement=statement, why=_why(check), check=check)

    return made


def of_each(identity: str, statement: str) -> Callable[[Callable[[Resource], Iterator[Violation]]], Invariant]:
    """Of a function over one custom resource, whose docstring says why."""

    def made(of_one: Callable[[Resource], Iterator[Violation]]) -> Invariant:
        def check(program: Program[Any]) -> Iterator[Violation]:
            for one in program.custom:
                yield from of_one(one)

        return Invariant(id=identity, statement=statement, why=_why(of_one), check=check, of_one=of_one)

    return made


def _why(check: Callable[..., Any]) -> str:
    return " ".join((inspect.getdoc(check) or "").split())
