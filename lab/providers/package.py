"""Data sources, and packages of resource types and data sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from lab.providers import schema
from lab.providers.base import Call, Resource
from lab.providers.errors import RefusedError
from lab.providers.wire import Properties
from lab.site import Site


class Function:
    """One data source (invoke) of a bridged provider."""

    token: ClassVar[str]
    required: ClassVar[frozenset[str]] = frozenset()
    optional: ClassVar[frozenset[str]] = frozenset()

    def check(self, arguments: Properties) -> None:
        """Refuse missing and unknown arguments; raises RefusedError."""
        missing = sorted(self.required - arguments.keys())
        unknown = sorted(arguments.keys() - self.required - self.optional)
        if missing or unknown:
            parts = [f"Missing required argument: {key!r}" for key in missing]
            parts += [f"Invalid or unknown key {key!r}" for key in unknown]
            raise RefusedError(f"invoking {self.token}: {'; '.join(parts)}")

    def invoke(self, call: Call, arguments: Properties) -> Properties:
        """The data source's result; raises RefusedError."""
        raise NotImplementedError


@dataclass
class Package:
    """One simulated Pulumi package: its resource types and data sources."""

    name: str
    module: str
    version: str
    resources: dict[str, Resource] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)

    def check_config(self, config: Mapping[str, Any]) -> list[schema.Problem]:
        """What the provider refuses about its own configuration; values may be UNKNOWN."""
        return []

    def replacing_config(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
        """Which changes of the provider's configuration replace it, and every resource that it made."""
        return []

    def configure(self, site: Site, config: Properties) -> None:
        """Contact what is configured, where the real provider does so; raises RefusedError."""

    def resource(self, token: str) -> Resource:
        """The handler of a resource type; raises RefusedError for a type the lab does not know."""
        if token in self.resources:
            return self.resources[token]
        known = token in schema.tokens(self.module)
        hint = "the lab does not simulate it yet: add a handler" if known else "the package has no such type"
        raise RefusedError(f"unrecognized resource type: {token} ({hint})")

    def function(self, token: str) -> Function:
        """The handler of a data source; raises RefusedError for one the lab does not know."""
        if token not in self.functions:
            raise RefusedError(f"unrecognized data function: {token} (the lab does not simulate it)")
        return self.functions[token]
