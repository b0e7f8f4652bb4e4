"""What a simulated provider says when the real one would refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.rpc import status_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2 as pb

from lab.providers import wire


class RefusedError(Exception):
    """The operation failed and left nothing behind; the message is the real provider's, as near as we know it."""


class InitFailedError(RefusedError):
    """The resource exists, but did not become ready; the engine keeps it in its state with the reasons.

    `identifier` and `outputs` are what a success would have returned; `inputs` only matters when reading.
    """

    def __init__(
        self,
        identifier: str,
        outputs: wire.Properties,
        reasons: list[str],
        inputs: wire.Properties | None = None,
    ) -> None:
        super().__init__("; ".join(reasons))
        self.identifier = identifier
        self.outputs = outputs
        self.reasons = reasons
        self.inputs = inputs


@dataclass(frozen=True)
class _Status(grpc.Status):
    """A gRPC status with details, in the form `ServicerContext.abort_with_status` takes."""

    code: Any
    details: str
    trailing_metadata: Any


def abort(context: grpc.ServicerContext, error: RefusedError) -> None:
    """End a call with the error; never returns (gRPC raises inside)."""
    if not isinstance(error, InitFailedError):
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
    else:
        context.abort_with_status(_init_status(error))


def _init_status(error: InitFailedError) -> _Status:
    detail = any_pb2.Any()
    detail.Pack(
        pb.ErrorResourceInitFailed(
            id=error.identifier,
            properties=wire.encode(error.outputs),
            reasons=error.reasons,
            inputs=None if error.inputs is None else wire.encode(error.inputs),
        )
    )
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(error), details=[detail])
    # The key is fixed by gRPC's "richer error model"; Go's status package reads it.
    metadata = (("grpc-status-details-bin", status.SerializeToString()),)
    return _Status(code=code, details=str(error), trailing_metadata=metadata)
