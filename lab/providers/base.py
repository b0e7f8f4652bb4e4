"""What a simulated resource type is: the calls the engine makes, in plain Python values."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field
from typing import ClassVar

from lab.providers import schema, wire
from lab.providers.errors import RefusedError
from lab.providers.wire import Properties
from lab.site import Site


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the engine.

    `config` is the provider's configuration; `timeout` is the resource's custom timeout in seconds, 0 when it has none;
    `seed` makes names and fake values repeatable for one resource; `ignored` are the paths of `ignore_changes`, which
    the Terraform bridge takes literally; `state` are the outputs as the engine keeps them.
    """

    site: Site
    urn: str
    token: str
    config: Properties
    preview: bool = False
    timeout: float = 0.0
    seed: bytes = b""
    ignored: frozenset[str] = frozenset()
    state: Properties = field(default_factory=dict)

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
    # What the provider itself marks secret, besides what is secret in the inputs: outputs, and fields at any depth.
    # What the SDK marks (`additional_secret_outputs`) is left to it, so that the lab hides no leak.
    secret_outputs: ClassVar[frozenset[str]] = frozenset()
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    # Whether the record in the world is encrypted; true unless the inputs of a type can hold no secret.
    sealed: ClassVar[bool] = True
    # Whether the same resource may be created twice, as after a kill; a second one of that id is a defect all the same.
    repeatable: ClassVar[bool] = False

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
        there = call.site.world.get(self.table, self.key(identifier))
        if there is not None and not (self.repeatable and there["urn"] == call.urn):
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

    def mark_inputs(self, found: Properties, inputs: Properties) -> Properties:
        """The inputs that were read, marked as those that the program gave."""
        marked: Properties = wire.annotate(found, inputs)
        return marked

    def _store(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        outputs = self.outputs(call, identifier, inputs)
        record = {"id": identifier, "token": self.token, "urn": call.urn, "inputs": inputs, "outputs": outputs}
        call.site.world.put(self.table, self.key(identifier), record, sealed=self.sealed)
        return outputs
