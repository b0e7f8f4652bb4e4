"""After a failure: what needs a resource that was not made is held back here, and never sent to the engine."""

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import rpc, settings
from pulumi.runtime.proto import resource_pb2

_STACK = "pulumi:pulumi:Stack"
_SDK: Any = rpc
_resolve_made = _SDK.resolve_outputs


def isolate_failures() -> None:
    """From here on one failure holds back what needs it, and nothing else. Called before the first resource.

    With `--continue-on-error` the engine skips what depends on a failed resource, but only after it has looked up its
    provider and had its inputs checked (GenerateSteps before doesStepDependOn, pulumi 3.250
    pkg/resource/deploy/deployment_executor.go): a provider that was itself skipped, or a required input that a skipped
    resource would have given, ends the whole update. A preview makes nothing, so nothing is missing in it.
    """
    _SDK.resolve_outputs = _resolve_outputs
    if not pulumi.runtime.is_dry_run():
        _Isolation(settings.get_monitor())


def _resolve_outputs(
    resource: Any, inputs: Any, outputs: Any, needs: Any, resolvers: Mapping[str, Any], *more: Any
) -> None:
    """Leaves the outputs of a resource that was not made unknown.

    The SDK makes None of all but the id (`keep_unknowns` in register_resource). Functions over them would end the
    program, and an input that is None is dropped together with the dependency that it carries (serialize_properties),
    so that its user would be taken for one that needs nothing.
    """
    registered = more[2:]  # a read says nothing of its result
    made = registered[0] if registered else bool(outputs.fields)
    if made or pulumi.runtime.is_dry_run():
        _resolve_made(resource, inputs, outputs, needs, resolvers, *more)
        return
    for resolve in resolvers.values():
        resolve(None, False, False, None, None)


class _Isolation:
    """Stands before the methods of the engine's resource monitor, for requests that need what a failure left out.

    (The monitor itself stays: the SDK asks for its class.) Such a request gets the answer that the engine gives for a
    skipped resource. What is in the state already would count as no longer wanted, so the program ends with an error in
    the place of its regular end: then the engine deletes nothing. Nor could it: what was held back still refers to what
    would be deleted, in the cluster and in the state, which would be invalid afterwards.
    """

    def __init__(self, monitor: Any) -> None:
        self._failed: dict[str, None] = {}
        self._held: dict[str, None] = {}
        self._register, monitor.RegisterResource = monitor.RegisterResource, self.register
        self._read, monitor.ReadResource = monitor.ReadResource, self.read
        self._register_outputs, monitor.RegisterResourceOutputs = monitor.RegisterResourceOutputs, self.register_outputs
        self._end, monitor.SignalAndWaitForShutdown = monitor.SignalAndWaitForShutdown, self.end

    def register(self, request: Any) -> Any:
        if self._lacks((*request.dependencies, *request.replace_with, request.deletedWith), request):
            return resource_pb2.RegisterResourceResponse(urn=self._hold(request), result=resource_pb2.Result.SKIP)
        response = self._register(request)
        if response.result == resource_pb2.Result.FAIL:
            self._failed[response.urn] = None
        elif response.result == resource_pb2.Result.SKIP:
            self._held[response.urn] = None
        elif request.custom and not response.id:
            # New, and no --target of an update that has some: the engine says neither that nor what its outputs are.
            response.result = resource_pb2.Result.SKIP
        return response

    def read(self, request: Any) -> Any:
        # An id that comes out of what was not made is unknown, but no dependency (read_resource of the SDK).
        if request.id == rpc.UNKNOWN or self._lacks(request.dependencies, request):
            return resource_pb2.ReadResourceResponse(urn=self._hold(request))
        response = self._read(request)
        if not response.properties.fields:  # the one sign of a read that failed
            self._failed[response.urn] = None
        return response

    def register_outputs(self, request: Any) -> Any:
        if request.urn in self._held:
            return empty_pb2.Empty()
        # What is not known now stays as it was: of the stack each output by itself, of a component all of them.
        unknown = [name for name, value in request.outputs.fields.items() if value.string_value == rpc.UNKNOWN]
        if unknown and f"::{_STACK}::" not in request.urn:
            return empty_pb2.Empty()
        for name in unknown:
            del request.outputs.fields[name]
        return self._register_outputs(request)

    def end(self, request: Any) -> Any:
        """The program is through, and the engine would go on to delete what it did not hear of."""
        if self._held:
            failed = ", ".join(_name(urn) for urn in self._failed) or "an id that is not known"
            raise pulumi.RunError(
                f"{len(self._held)} resources were left as they are, because they need what failed ({failed}), and "
                "nothing was deleted. Everything else is done: mend the errors above and run the same again."
            )
        return self._end(request)

    def _lacks(self, dependencies: Iterable[str], request: Any) -> bool:
        needs = {*dependencies, request.parent, request.provider.rpartition("::")[0]}
        return not needs.isdisjoint(self._failed) or not needs.isdisjoint(self._held)

    def _hold(self, request: Any) -> str:
        """The URN as the engine would have built it."""
        prefix, qualified, _ = request.parent.rsplit("::", 2)
        kind = request.type if qualified == _STACK else f"{qualified}${request.type}"
        urn = f"{prefix}::{kind}::{request.name}"
        self._held[urn] = None
        return urn


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
