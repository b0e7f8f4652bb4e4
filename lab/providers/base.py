"""What a simulated resource type is: the calls the engine makes, in plain Python values."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from lab.providers import schema, wire
from lab.providers.errors import RefusedError
from lab.providers.wire import Properties
from lab.site import Site


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the engine.

    `config` is the provider's configuration; `timeout` is the resource's custom timeout in seconds, 0 when it has none;
    `seed` makes names and fake values repeatable for one resource.
    """

    site: Site
    urn: str
    token: str
    config: Properties
    preview: bool = False
    timeout: float = 0.0
    seed: bytes = b""

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.rsplit("::", 1)[-1]

    def digest(self, *parts: str) -> str:
        """A repeatable hex string of 64 characters for this resource."""
        return hashlib.sha256("|".join((self.urn, *parts)).encode()).hexdigest()


@dataclass(frozen=True)
class Diff:
    """What changed: property paths, and which of them force a replacement."""

    changes: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False


@dataclass(frozen=True)
class Result:
    """The resource as it is now: its id, its outputs and, when read, the inputs that would produce it."""

    identifier: str
    outputs: Properties
    inputs: Properties | None = None


class CheckFailedError(Exception):
    """The inputs are refused, before anything is created."""

    def __init__(self, problems: list[schema.Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.reason}" for problem in problems))
        self.problems = problems


class Resource:
    """One resource type of a bridged provider.

    A subclass says what creating it needs and does. The record of each resource lies in the world's table `table` under
    its id, so a resource deleted behind the program's back is found missing.
    """

    token: ClassVar[str]
    module: ClassVar[str]
    table: ClassVar[str]
    replace_on: ClassVar[frozenset[str]] = frozenset()
    # What the provider itself marks secret, besides what is secret in the inputs: outputs, and fields at any depth. What
    # the SDK marks (`additional_secret_outputs`) is left to it, so that the lab hides no leak.
    secret_outputs: ClassVar[frozenset[str]] = frozenset()
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    # Whether the record in the world is encrypted; true unless the inputs of a type can hold no secret.
    sealed: ClassVar[bool] = True

    def check(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """The inputs with defaults filled in; raises CheckFailedError. May contain UNKNOWN."""
        problems = schema.problems(schema.arguments(self.module, self.token), news)
        if problems:
            raise CheckFailedError(problems)
        return self.defaults(call, olds, news)

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """The inputs as the provider completes them."""
        return news

    def diff(self, call: Call, olds: Properties, news: Properties) -> Diff:
        """The difference of the inputs; `replace_on` names the properties that cannot change in place."""
        changes = tuple(sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key)))
        replaces = tuple(key for key in changes if key in self.replace_on)
        return Diff(changes, replaces)

    def plan(self, call: Call, inputs: Properties) -> Properties:
        """The outputs as far as a preview knows them; what is missing stays unknown to the program."""
        return copy.deepcopy(inputs)

    def identify(self, call: Call, inputs: Properties) -> str:
        """The id of the resource to be created."""
        raise NotImplementedError

    def key(self, identifier: str) -> str:
        """Key of the resource's record in the world; the id, unless ids of several types can collide."""
        return identifier

    def admit(self, call: Call, inputs: Properties) -> None:
        """Raise RefusedError when the simulated site would refuse to create or change the resource."""

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """The outputs of the resource, inputs included."""
        return copy.deepcopy(inputs)

    def create(self, call: Call, inputs: Properties) -> Result:
        """Create the resource in the world; raises RefusedError."""
        self.admit(call, inputs)
        identifier = self.identify(call, inputs)
        if call.site.world.get(self.table, self.key(identifier)) is not None:
            raise RefusedError(self.taken(identifier))
        return Result(identifier, self._store(call, identifier, inputs))

    def taken(self, identifier: str) -> str:
        """The provider's words when a resource of that id is there already."""
        return f"{self.token.rsplit(':', 1)[-1]} {identifier!r} already exists"

    def update(self, call: Call, identifier: str, olds: Properties, news: Properties) -> Result:
        """Change the resource in place; `olds` are its old inputs. Raises RefusedError."""
        self.admit(call, news)
        return Result(identifier, self._store(call, identifier, news))

    def read(self, call: Call, identifier: str, state: Properties, inputs: Properties) -> Result | None:
        """The resource as it is now, or None when it is gone."""
        record = call.site.world.get(self.table, self.key(identifier))
        if record is None or record["token"] != self.token:
            return None
        return Result(identifier, record["outputs"], record["inputs"])

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Remove the resource from the world."""
        call.site.world.delete(self.table, self.key(identifier))

    def mark(self, outputs: Properties, inputs: Properties) -> Properties:
        """The outputs with their secrets marked."""
        marked: Properties = wire.annotate(outputs, inputs)
        whole = {key: wire.secret(item) if key in self.secret_outputs else item for key, item in marked.items()}
        return {key: wire.mark_fields(item, self.secret_fields) for key, item in whole.items()}

    def _store(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        outputs = self.outputs(call, identifier, inputs)
        record = {"token": self.token, "urn": call.urn, "inputs": inputs, "outputs": outputs}
        call.site.world.put(self.table, self.key(identifier), record, sealed=self.sealed)
        return outputs


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
