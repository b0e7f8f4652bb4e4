"""The plain view that invariants are asked of: resources as the engine is asked for them, and what belongs to what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Generic, TypeVar

Path = tuple[str | int, ...]
"""Where a value lies inside the properties of a resource, such as ("spec", "containers", 0, "image")."""
PHASE = "home-cluster:phase:Phase"


class Unknown:
    """A value that the engine does not know yet: the output of something a preview has not created."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN = Unknown()


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registered or read resource.

    Attributes:
        provider: URN of the provider named in the request; empty when the engine would take a default one.
        inputs: Plain values; UNKNOWN where a preview does not know.
        secrets: Paths of the inputs that are secret, with everything below them.
        read: Id of an existing object that is read and not created; None for what is created.
    """

    urn: str
    type: str
    name: str
    custom: bool = True
    parent: str = ""
    provider: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    secrets: frozenset[Path] = frozenset()
    dependencies: frozenset[str] = frozenset()
    read: Any = None
    timeouts: Mapping[str, str] = field(default_factory=dict)
    replace_on_changes: Sequence[str] = ()
    delete_before_replace: bool | None = None

    def get(self, *path: str | int) -> Any:
        """The input at a path, None where there is none."""
        value: Any = self.inputs
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def is_secret(self, *path: str | int) -> bool:
        """Whether the input at that path, or something that contains it, is secret."""
        return is_below(path, self.secrets)

    def strings(self) -> Iterator[tuple[Path, str, bool]]:
        """Every text in the inputs: its path, the text and whether it is secret."""
        for path, value in walk(self.inputs):
            if isinstance(value, str):
                yield path, value, self.is_secret(*path)

    def __str__(self) -> str:
        return f"{self.name} ({self.type})"


R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, kw_only=True)
class Program(Generic[R]):
    """All resources of one run.

    Attributes:
        issued: Every secret value that is known to have come into the run, with its origin.
    """

    resources: Sequence[R]
    issued: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_urn(self) -> Mapping[str, R]:
        return {resource.urn: resource for resource in self.resources}

    def of_type(self, pattern: str) -> list[R]:
        """Resources whose type token matches a glob such as `kubernetes:*:Secret`."""
        return [resource for resource in self.resources if fnmatchcase(resource.type, pattern)]

    @cached_property
    def custom(self) -> list[R]:
        """Everything a provider manages or reads, without the providers and what the engine itself keeps."""
        return [one for one in self.resources if one.custom and not one.type.startswith("pulumi:")]

    def ancestors(self, resource: R) -> list[R]:
        """Parents of a resource, the nearest first, without the stack."""
        found: list[R] = []
        parent = self.by_urn.get(resource.parent)
        while parent is not None:
            found.append(parent)
            parent = self.by_urn.get(parent.parent)
        return found

    def phase_of(self, resource: R) -> str | None:
        """Name of the phase a resource belongs to."""
        return next((one.name for one in (resource, *self.ancestors(resource)) if one.type == PHASE), None)

    @cached_property
    def _waits(self) -> dict[str, frozenset[str]]:
        return {}

    def needs(self, resource: R) -> frozenset[str]:
        """URNs that a resource names itself: dependencies, its provider and a parent that is custom."""
        parent = self.by_urn.get(resource.parent)
        own = {parent.urn} if parent is not None and parent.custom else set()
        return resource.dependencies | own | ({resource.provider} if resource.provider else set())

    def waits_for(self, resource: R) -> frozenset[str]:
        """URNs of everything that exists before the resource does."""
        if resource.urn not in self._waits:
            found: set[str] = set()
            ahead = [*self.needs(resource)]
            while ahead:
                urn = ahead.pop()
                if urn not in found and urn in self.by_urn:
                    found.add(urn)
                    ahead += self.needs(self.by_urn[urn])
            self._waits[resource.urn] = frozenset(found)
        return self._waits[resource.urn]


def known(*values: Any) -> bool:
    """Whether a preview knows all of them: what it does not know breaks nothing yet."""
    return not any(isinstance(one, Unknown) for one in values)


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every leaf below a value (whatever is neither a mapping nor a list) with its path."""
    match value:
        case dict():
            for key, item in value.items():
                yield from walk(item, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from walk(item, (*path, index))
        case _:
            yield path, value


def is_below(path: Path, tops: frozenset[Path]) -> bool:
    """Whether the path is one of `tops` or lies below one."""
    return any(path[:length] in tops for length in range(len(path) + 1))
