"""What a resource accepts, read from the Python SDK's own argument classes.

A bridged provider refuses an unknown property, a missing required one and a value of the wrong type. The generated
`…Args` classes carry all three: the constructor's signature (required), the property names on the wire (camelCase) and
the types. So snake_case keys, which a provider never understands, are refused here as they are there.
"""

from __future__ import annotations

import collections.abc
import functools
import importlib.util
import inspect
import json
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pulumi
from pulumi import _types

from lab.providers.wire import UNKNOWN


@dataclass(frozen=True)
class Problem:
    """One refused property; `path` is empty when the whole resource is meant."""

    path: str
    reason: str


@functools.cache
def _resource_classes(module: str) -> dict[str, tuple[str, str]]:
    """Type token -> (module, class) for every resource of the SDK package `module`.

    The generated `__init__.py` registers them as JSON text; reading it imports nothing.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise LookupError(f"the Pulumi SDK package {module} is not installed")
    found = re.search(r'resource_modules="""(.*?)"""', Path(spec.origin).read_text(encoding="utf-8"), re.DOTALL)
    entries = json.loads(found.group(1)) if found else []
    return {token: (entry["fqn"], name) for entry in entries for token, name in entry["classes"].items()}


def tokens(module: str) -> frozenset[str]:
    """Every resource type token of an SDK package."""
    return frozenset(_resource_classes(module))


@functools.cache
def arguments(module: str, token: str) -> type:
    """The argument class of a resource type; LookupError when the package has no such type."""
    if token not in _resource_classes(module):
        raise LookupError(f"unrecognized resource type (Check): {token}")
    path, name = _resource_classes(module)[token]
    # Exported classes live in a submodule of their own; the package only re-exports the resource class.
    resource = getattr(importlib.import_module(path), name)
    home = importlib.import_module(resource.__module__)
    # `InitArgs` is the generator's way out where the schema already has a type of the plain name.
    cls: type = getattr(home, f"{name}InitArgs", None) or getattr(home, f"{name}Args")
    return cls


@functools.cache
def _required(cls: type) -> frozenset[str]:
    """Wire names of the properties that `cls` cannot do without."""
    wire_names = _types.input_type_py_to_pulumi_names(cls)
    # The undecorated constructor: `input_type` may have wrapped the class's own.
    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    missing_default = (
        name
        for name, parameter in parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and parameter.default is inspect.Parameter.empty
    )
    return frozenset(wire_names.get(name, name) for name in missing_default)


@functools.cache
def _properties(cls: type) -> Mapping[str, Any]:
    """Wire name -> declared type of each property of an argument class."""
    return types.MappingProxyType(dict(_types.input_type_types(cls)))


def problems(cls: type, properties: Mapping[str, Any]) -> list[Problem]:
    """Everything a provider would refuse about `properties` of an argument class."""
    return list(_check_object(cls, properties, ""))


def unknown_keys(cls: type, properties: Mapping[str, Any]) -> list[Problem]:
    """Properties an argument class does not have; for provider configurations, whose values travel as JSON text."""
    known = _properties(cls).keys() | {"version", "pluginDownloadURL"}
    return [Problem(key, f"Invalid or unknown key {key!r}") for key in sorted(properties.keys() - known)]


def _check_object(cls: type, value: Mapping[str, Any], path: str) -> Iterator[Problem]:
    known = _properties(cls)
    for key in sorted(_required(cls) - {name for name, item in value.items() if item is not None}):
        yield Problem(f"{path}{key}", f"Missing required argument: The argument {key!r} is required")
    for key, item in value.items():
        # Engine internals such as __defaults travel beside the properties of the resource.
        if key.startswith("__"):
            continue
        if key not in known:
            hint = next((name for name in known if name.lower() == key.replace("_", "").lower()), None)
            meant = f"; did you mean {hint!r}?" if hint else ""
            yield Problem(f"{path}{key}", f"Invalid or unknown key {key!r}{meant}")
        else:
            yield from _check_value(known[key], item, f"{path}{key}")


def _check_value(declared: Any, value: Any, path: str) -> Iterator[Problem]:
    if value is None or value is UNKNOWN:
        return
    alternatives = [_strip(item) for item in _alternatives(declared)]
    attempts = [list(_check_single(item, value, path)) for item in alternatives]
    if not attempts or any(not attempt for attempt in attempts):
        return
    # With several declared forms, the object form explains best what is wrong inside.
    yield from max(attempts, key=lambda attempt: max(len(problem.path) for problem in attempt))


def _alternatives(declared: Any) -> list[Any]:
    """The concrete forms behind Input, Optional and unions, flattened."""
    origin = typing.get_origin(declared)
    if origin in (typing.Union, types.UnionType):
        return [form for item in typing.get_args(declared) for form in _alternatives(item)]
    if origin is pulumi.Output or (inspect.isclass(origin) and issubclass(origin, collections.abc.Awaitable)):
        return []
    return [] if declared is type(None) else [declared]


def _strip(declared: Any) -> Any:
    """Enumerations are their values on the wire."""
    return str if inspect.isclass(declared) and issubclass(declared, Enum) else declared


_SCALARS: Mapping[type, tuple[type, ...]] = {str: (str,), bool: (bool,), int: (int,), float: (int, float)}


def _check_single(declared: Any, value: Any, path: str) -> Iterator[Problem]:
    origin = typing.get_origin(declared)
    if declared in _SCALARS:
        wrong_bool = isinstance(value, bool) and declared is not bool
        if wrong_bool or not isinstance(value, _SCALARS[declared]):
            wanted = declared.__name__
            yield Problem(path, f"Incorrect attribute value type: {wanted} required, got {type(value).__name__}")
    elif inspect.isclass(declared) and _types.is_input_type(declared):
        if isinstance(value, Mapping):
            yield from _check_object(declared, value, f"{path}.")
        else:
            yield Problem(path, "Incorrect attribute value type: object required")
    elif origin in (list, collections.abc.Sequence):
        yield from _check_items(typing.get_args(declared), value, path)
    elif origin in (dict, collections.abc.Mapping) and not isinstance(value, Mapping):
        yield Problem(path, "Incorrect attribute value type: map required")
    elif origin in (dict, collections.abc.Mapping):
        for key, item in value.items():
            yield from _check_value(typing.get_args(declared)[1], item, f"{path}[{key!r}]")


def _check_items(element: tuple[Any, ...], value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem(path, "Incorrect attribute value type: list required")
        return
    for index, item in enumerate(value):
        yield from _check_value(element[0], item, f"{path}[{index}]")
