"""The gRPC side of the simulated providers: one server for each package, on loopback.

`PULUMI_DEBUG_PROVIDERS` maps package names to ports; the engine then attaches instead of starting a plugin. Each
provider resource of the program gets a connection of its own, so its configuration is kept by the caller's address.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from lab.providers import wire
from lab.providers.base import Call, CheckFailedError
from lab.providers.errors import RefusedError, abort
from lab.providers.lifecycle import Lifecycle
from lab.providers.package import Package
from lab.providers.performing import look, perform, remove
from lab.providers.wire import Properties
from lab.site import Site

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _rpc(method: _Method) -> _Method:
    """Count the call as in flight, settle the world after it, and turn a refusal into a gRPC error."""

    @functools.wraps(method)
    def wrapped(self: Provider, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            with self.site.clock.call(getattr(request, "urn", "")):
                generation = self.site.world.generation
                try:
                    return method(self, request, context)
                finally:
                    if self.site.world.generation != generation:
                        self.site.settle()
        except RefusedError as error:
            abort(context, error)

    return wrapped  # type: ignore[return-value]


class Provider(Lifecycle):
    """One package, served."""

    def __init__(self, package: Package, site: Site) -> None:
        super().__init__(package)
        self.site = site
        self._configs: dict[str, Properties] = {}

    @_rpc
    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Check a provider resource's inputs."""
        problems = self.package.check_config(wire.plain(wire.decode(request.news)))
        failures = [pb.CheckFailure(property=item.path, reason=item.reason) for item in problems]
        return pb.CheckResponse(inputs=request.news, failures=failures)

    @_rpc
    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say what changed in a provider's configuration, and what of it makes another provider of it."""
        olds, news = wire.plain(wire.decode(request.old_inputs)), wire.plain(wire.decode(request.news))
        # The engine's own keys describe the plugin, not the configuration.
        keys = (olds.keys() | news.keys()) - {"version", "pluginDownloadURL", "__internal"}
        changed = sorted(key for key in keys if olds.get(key) != news.get(key))
        kind = pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE
        return pb.DiffResponse(changes=kind, diffs=changed, replaces=self.package.replacing_config(olds, news))

    @_rpc
    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Remember the configuration for this connection."""
        config = wire.plain(wire.decode(request.args))
        self._configs[context.peer()] = config
        self.package.configure(self.site, config)
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @_rpc
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Answer a data source."""
        arguments = wire.decode(request.args)
        function = self.package.function(request.tok)
        function.check(wire.plain(arguments))
        result = function.invoke(self._call(request.tok, request, context), wire.plain(arguments))
        response = pb.InvokeResponse()
        getattr(response, "return").CopyFrom(wire.encode(result))
        return response

    @_rpc
    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Check a resource's inputs."""
        news = wire.decode(request.news)
        call = self._call(request.type, request, context, seed=request.randomSeed)
        try:
            checked = self.package.resource(request.type).check(
                call, wire.plain(wire.decode(request.olds)), wire.plain(news)
            )
        except CheckFailedError as error:
            failures = [pb.CheckFailure(property=item.path, reason=item.reason) for item in error.problems]
            return pb.CheckResponse(failures=failures)
        return pb.CheckResponse(inputs=wire.encode(wire.annotate(checked, news)))

    @_rpc
    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say what an update would change."""
        olds, news = wire.plain(wire.decode(request.old_inputs)), wire.plain(wire.decode(request.news))
        call = self._call(request.type, request, context, state=wire.plain(wire.decode(request.olds)))
        diff = self.package.resource(request.type).diff(call, olds, news)
        ignored = set(request.ignoreChanges)
        changes = [path for path in diff.changes if path not in ignored]
        replaces = [path for path in diff.replaces if path not in ignored]
        if not changes and self.site.injections.aged(request.urn):
            changes = sorted(news.keys() - ignored)[:1]
        kinds = dict.fromkeys(changes, pb.PropertyDiff.UPDATE) | dict.fromkeys(replaces, pb.PropertyDiff.UPDATE_REPLACE)
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if changes else pb.DiffResponse.DIFF_NONE,
            diffs=changes,
            replaces=replaces,
            deleteBeforeReplace=diff.delete_before_replace,
            detailedDiff={path: pb.PropertyDiff(kind=kind) for path, kind in kinds.items()},
            hasDetailedDiff=True,
        )

    @_rpc
    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Create a resource, or plan it in a preview."""
        inputs = wire.decode(request.properties)
        resource = self.package.resource(request.type)
        call = self._call(request.type, request, context, preview=request.preview, timeout=request.timeout)
        if request.preview:
            planned = resource.plan(call, wire.plain(inputs))
            return pb.CreateResponse(properties=wire.encode(resource.mark(planned, inputs)))
        result = perform("create", resource, call, inputs, lambda: resource.create(call, wire.plain(inputs)))
        return pb.CreateResponse(id=result.identifier, properties=wire.encode(result.outputs))

    @_rpc
    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Change a resource in place, or plan that in a preview."""
        news = wire.decode(request.news)
        resource = self.package.resource(request.type)
        ignored = frozenset(request.ignoreChanges)
        state = wire.plain(wire.decode(request.olds))
        more = {"preview": request.preview, "timeout": request.timeout, "ignored": ignored, "state": state}
        call = self._call(request.type, request, context, **more)
        if request.preview:
            known = {**state, **resource.plan(call, wire.plain(news))}
            return pb.UpdateResponse(properties=wire.encode(resource.mark(known, news)))
        olds = wire.plain(wire.decode(request.old_inputs))
        result = perform(
            "update", resource, call, news, lambda: resource.update(call, request.id, olds, wire.plain(news))
        )
        return pb.UpdateResponse(properties=wire.encode(result.outputs))

    @_rpc
    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Read a resource as it is now; an empty answer means it is gone."""
        state, inputs = wire.decode(request.properties), wire.decode(request.inputs)
        resource = self.package.resource(request.type)
        call = self._call(request.type, request, context)
        result = look(
            resource, state, inputs, lambda: resource.read(call, request.id, wire.plain(state), wire.plain(inputs))
        )
        if result is None:
            return pb.ReadResponse()
        found = wire.encode(result.inputs or {})
        return pb.ReadResponse(id=result.identifier, properties=wire.encode(result.outputs), inputs=found)

    @_rpc
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Delete a resource."""
        call = self._call(request.type, request, context, timeout=request.timeout)
        resource = self.package.resource(request.type)
        remove(call, lambda: resource.delete(call, request.id, wire.plain(wire.decode(request.properties))))
        return empty_pb2.Empty()

    def _call(self, token: str, request: Any, context: grpc.ServicerContext, **more: Any) -> Call:
        urn = getattr(request, "urn", "")
        return Call(site=self.site, urn=urn, token=token, config=self._configs.get(context.peer(), {}), **more)
