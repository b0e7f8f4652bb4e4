"""Between the engine's protocol and plain Python: values as they travel, with what is secret and what is unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from invariants.view import UNKNOWN, Path, Unknown, is_below, walk

__all__ = ["UNKNOWN", "Decoded", "Path", "Secret", "Unknown", "decode", "encode", "is_below", "walk", "wrapped"]

# The signatures that the SDK puts around special values (pulumi/runtime/rpc.py).
_SIGNATURE = rpc._special_sig_key
_SECRET = rpc._special_secret_sig
_RESOURCE = rpc._special_resource_sig


@dataclass(frozen=True)
class Decoded:
    """Properties in plain Python, and the paths of those that travelled as secrets."""

    value: Any
    secrets: frozenset[Path]


@dataclass(frozen=True)
class Secret:
    """A value to be sent as a secret."""

    value: Any


def decode(struct: struct_pb2.Struct) -> Decoded:
    """Plain Python of a message: secrets unwrapped and their paths kept, integers as int, unknowns as UNKNOWN."""
    secrets: set[Path] = set()
    return Decoded(_decode(struct, (), secrets), frozenset(secrets))


def _decode(value: Any, path: Path, secrets: set[Path]) -> Any:
    match value:
        case struct_pb2.Struct():
            return _decode_struct(value, path, secrets)
        case struct_pb2.ListValue():
            return [_decode(item, (*path, index), secrets) for index, item in enumerate(value.items())]
        case float() if value.is_integer():
            return int(value)
        case rpc.UNKNOWN:
            return UNKNOWN
    return value


def _decode_struct(struct: struct_pb2.Struct, path: Path, secrets: set[Path]) -> Any:
    fields = dict(struct.items())
    signature = fields.get(_SIGNATURE)
    if signature == _SECRET:
        secrets.add(path)
        return _decode(fields.get("value"), path, secrets)
    if signature == _RESOURCE:
        return _decode(fields.get("id", fields["urn"]), path, secrets)
    return {key: _decode(item, (*path, key), secrets) for key, item in fields.items()}


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """The message of properties that may hold `Secret` and UNKNOWN anywhere."""
    struct = struct_pb2.Struct()
    struct.update({key: _encode(value) for key, value in properties.items() if value is not None})
    return struct


def _encode(value: Any) -> Any:
    match value:
        case Secret(inner):
            return {_SIGNATURE: _SECRET, "value": _encode(inner)}
        case Unknown():
            return rpc.UNKNOWN
        case Mapping():
            return {key: _encode(item) for key, item in value.items()}
        case list() | tuple():
            return [_encode(item) for item in value]
    return value


def wrapped(decoded: Decoded) -> dict[str, Any]:
    """The properties with `Secret` around each secret again, so that an echo keeps them so."""

    def wrap(value: Any, path: Path) -> Any:
        match value:
            case dict():
                value = {key: wrap(item, (*path, key)) for key, item in value.items()}
            case list():
                value = [wrap(item, (*path, index)) for index, item in enumerate(value)]
        return Secret(value) if path in decoded.secrets else value

    return {key: wrap(value, (key,)) for key, value in decoded.value.items()}
