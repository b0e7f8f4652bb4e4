"""Resources that exist only in Pulumi's state: made once, read as they are, deleted without a trace."""

from __future__ import annotations

from typing import ClassVar

from lab.providers.base import Call, Diff, Resource, Result
from lab.providers.wire import Properties


class StateOnly(Resource):
    """A resource whose outputs are computed when it is created; every input but those in `mutable` replaces it."""

    mutable: ClassVar[frozenset[str]] = frozenset()

    def diff(self, call: Call, olds: Properties, news: Properties) -> Diff:
        """A change of any other input is a new value."""
        plain = super().diff(call, olds, news)
        replaces = tuple(path for path in plain.changes if path not in self.mutable)
        return Diff(plain.changes, replaces)

    def identify(self, call: Call, inputs: Properties) -> str:
        """An id of its own."""
        return call.digest()[:16]

    def create(self, call: Call, inputs: Properties) -> Result:
        """Make the value."""
        self.admit(call, inputs)
        outputs = self.outputs(call, "", inputs)
        return Result(str(outputs.pop("id", self.identify(call, inputs))), outputs)

    def update(self, call: Call, identifier: str, olds: Properties, news: Properties) -> Result:
        """Keep the value; only inputs that do not touch it changed."""
        return Result(identifier, {**call.state, **news})

    def read(self, call: Call, identifier: str, state: Properties, inputs: Properties) -> Result | None:
        """The state is all there is."""
        return Result(identifier, state, inputs)

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Nothing to delete."""
