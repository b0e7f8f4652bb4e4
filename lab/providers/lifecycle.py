"""The calls of a provider that are about itself, not about resources."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

from lab.providers.package import Package


class Lifecycle(provider_pb2_grpc.ResourceProviderServicer):
    """Handshake, version, parameterisation."""

    def __init__(self, package: Package) -> None:
        self.package = package

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say which forms of values the provider understands."""
        return pb.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False, accept_outputs=False)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Accept the engine; nothing is called back."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The version of the SDK, so that the engine does not warn of a difference."""
        return plugin_pb2.PluginInfo(version=self.package.version)

    def Parameterize(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Become the parameterised package (`terraform-provider` becomes `authentik`)."""
        return pb.ParameterizeResponse(name=request.value.name, version=request.value.version)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        """No schema: the Python SDK does not ask for one."""
        return pb.GetSchemaResponse(schema="{}")

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Nothing to cancel: waits end by the lab's own clock."""
        return empty_pb2.Empty()
