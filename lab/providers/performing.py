"""What happens around a call for a resource: latency, what was staged to go wrong, marks of secrets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from lab.injections import Moment
from lab.providers import wire
from lab.providers.base import Call, Resource, Result
from lab.providers.errors import InitFailedError, RefusedError
from lab.providers.wire import Properties

_BESIDE_SECONDS: Final = 1.0


def perform(moment: Moment, resource: Resource, call: Call, inputs: Properties, action: Callable[[], Result]) -> Result:
    """Carry out a create or update; whatever comes back has its secrets marked. Raises RefusedError."""
    kinds, names, site = (call.token, call.token.rsplit(":", 1)[-1]), _names(call, inputs), call.site
    site.clock.spend(site.faults.latency(kinds))
    refusal = site.faults.refusal(kinds, names)
    if refusal:
        raise RefusedError(refusal)
    if site.injections.strikes(moment, call.urn, "refused"):
        raise RefusedError(f"injected: the {moment} is refused")
    try:
        result = action()
    except InitFailedError as error:
        error.outputs = resource.mark(error.outputs, inputs)
        raise
    outputs = resource.mark(result.outputs, inputs)
    if site.injections.strikes(moment, call.urn, "timeout"):
        raise InitFailedError(result.identifier, outputs, [f"injected: timed out after the {moment}"])
    if site.faults.find("hang", kinds, names) or site.injections.strikes(moment, call.urn, "killed"):
        threading.Event().wait()
    site.injections.renewed(call.urn)
    return Result(result.identifier, outputs)


def remove(call: Call, action: Callable[[], None]) -> None:
    """Carry out a deletion; of one that timed out nobody hears that it was done. Raises RefusedError."""
    injections = call.site.injections
    if injections.strikes("delete", call.urn, "refused"):
        # A destroy begins nothing more after the first refusal: what was to go beside this one has begun by then.
        time.sleep(_BESIDE_SECONDS)
        raise RefusedError("injected: the delete is refused")
    action()
    if injections.strikes("delete", call.urn, "timeout"):
        raise RefusedError("injected: timed out after the delete")
    if injections.strikes("delete", call.urn, "killed"):
        threading.Event().wait()


def look(
    resource: Resource, state: Properties, inputs: Properties, action: Callable[[], Result | None]
) -> Result | None:
    """Read a resource; secrets are marked, also of one that is there and not ready. Raises RefusedError."""

    def marked(outputs: Properties, found: Properties | None) -> tuple[Properties, Properties]:
        return resource.mark(wire.annotate(outputs, state), inputs), resource.mark_inputs(found or {}, inputs)

    try:
        result = action()
    except InitFailedError as error:
        error.outputs, error.inputs = marked(error.outputs, error.inputs)
        raise
    return None if result is None else Result(result.identifier, *marked(result.outputs, result.inputs))


def _names(call: Call, inputs: Properties) -> tuple[str, ...]:
    """The names a resource goes by: logical, and that of the object it creates."""
    plain = wire.plain(inputs)
    metadata = plain.get("metadata")
    found = (call.name, plain.get("name"), metadata.get("name") if isinstance(metadata, dict) else None)
    return tuple(name for name in found if isinstance(name, str))
