"""Property values as they travel between engine and provider, as plain Python values.

Secrets are `Secret`, unknown values `UNKNOWN`; everything else is str, int, float, bool, None, dict or list. Assets
stay dictionaries. The signatures are those of `pulumi.runtime.rpc`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

Properties = dict[str, Any]

_SIGNATURE: Final = rpc._special_sig_key
_SECRET: Final = rpc._special_secret_sig
_OUTPUT: Final = rpc._special_output_value_sig


class _Unknown:
    """A value the engine does not know yet (a preview, or a failed dependency)."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> _Unknown:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> _Unknown:
        return self


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in its state."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(***)"


def decode(struct: struct_pb2.Struct) -> Properties:
    """The properties of a request; nulls are left out, as the engine treats them as absent."""
    return {key: _decode(value) for key, value in struct.fields.items() if value.WhichOneof("kind") != "null_value"}


def _decode(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_struct(value.struct_value)
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def _decode_struct(struct: struct_pb2.Struct) -> Any:
    signature = struct.fields[_SIGNATURE].string_value if _SIGNATURE in struct.fields else None
    if signature == _SECRET:
        inner = _decode(struct.fields["value"])
        return inner if inner is UNKNOWN else Secret(inner)
    if signature == _OUTPUT:
        if "value" not in struct.fields:
            return UNKNOWN
        inner = _decode(struct.fields["value"])
        secret = "secret" in struct.fields and struct.fields["secret"].bool_value
        return Secret(inner) if secret else inner
    return {key: _decode(value) for key, value in struct.fields.items()}


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """The wire form of `properties`; the reverse of `decode`."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        struct.fields[key].CopyFrom(_encode(value))
    return struct


def _encode(value: Any) -> struct_pb2.Value:
    encoded = struct_pb2.Value()
    if value is None:
        encoded.null_value = struct_pb2.NULL_VALUE
    elif value is UNKNOWN:
        encoded.string_value = rpc.UNKNOWN
    elif isinstance(value, Secret):
        encoded.struct_value.CopyFrom(encode({_SIGNATURE: _SECRET, "value": value.value}))
    elif isinstance(value, bool):
        encoded.bool_value = value
    elif isinstance(value, int | float):
        encoded.number_value = float(value)
    elif isinstance(value, str):
        encoded.string_value = value
    elif isinstance(value, Mapping):
        encoded.struct_value.CopyFrom(encode(value))
    elif isinstance(value, list | tuple):
        encoded.list_value.CopyFrom(struct_pb2.ListValue(values=[_encode(item) for item in value]))
    else:
        raise TypeError(f"no wire form for {type(value).__name__}")
    return encoded


def plain(value: Any) -> Any:
    """`value` without its secret marks."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Whether a value that is not known yet lies anywhere in `value`."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def has_secret(value: Any) -> bool:
    """Whether a secret lies anywhere in `value`."""
    if isinstance(value, Mapping):
        return any(has_secret(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_secret(item) for item in value)
    return isinstance(value, Secret)


def annotate(outputs: Any, inputs: Any) -> Any:
    """`outputs` with a secret mark wherever the input of the same path holds a secret.

    Lists are marked whole, as the engine and the Kubernetes provider do (`annotateSecrets`).
    """
    if isinstance(inputs, Secret):
        return outputs if isinstance(outputs, Secret) else Secret(outputs)
    if isinstance(outputs, dict) and isinstance(inputs, Mapping):
        return {key: annotate(item, inputs[key]) if key in inputs else item for key, item in outputs.items()}
    if not isinstance(outputs, Secret) and not isinstance(inputs, Mapping) and has_secret(inputs):
        return Secret(outputs)
    return outputs


def secret(value: Any) -> Any:
    """`value`, marked as a secret."""
    return value if isinstance(value, Secret) else Secret(value)


def mark_fields(value: Any, names: frozenset[str]) -> Any:
    """`value` with every field of one of the names marked as a secret, at any depth."""
    if isinstance(value, Mapping):
        return {key: secret(item) if key in names else mark_fields(item, names) for key, item in value.items()}
    return [mark_fields(item, names) for item in value] if isinstance(value, list) else value
