"""Machine configurations: documents, patches and how they merge, as far as the simulated nodes look at them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import yaml

from lab.providers.errors import RefusedError
from lab.providers.wire import Properties


def merged_configuration(inputs: Mapping[str, Any]) -> Properties:
    """The main document of a machine configuration with its patches; raises RefusedError."""
    text = inputs.get("machineConfigurationInput")
    if not text:
        raise RefusedError("Missing required argument: machine_configuration_input")
    return merge_patches(documents(str(text), "machine_configuration_input")[0], inputs.get("configPatches") or [])


def hostname(inputs: Mapping[str, Any]) -> str:
    """Hostname that the last HostnameConfig among the patches gives; empty where Talos makes one up."""
    patches = [str(patch) for patch in inputs.get("configPatches") or []]
    found = [item for index, patch in enumerate(patches) for item in documents(patch, f"config_patches[{index}]")]
    return str(next((item["hostname"] for item in reversed(found) if item.get("kind") == "HostnameConfig"), ""))


def documents(text: str, where: str) -> list[Properties]:
    """The YAML documents of a text; raises RefusedError."""
    try:
        found = [item for item in yaml.safe_load_all(text) if item is not None]
    except yaml.YAMLError as error:
        raise RefusedError(f"{where}: yaml: {error}") from None
    if not found or not all(isinstance(item, dict) for item in found):
        raise RefusedError(f"{where}: a machine configuration document must be a mapping")
    return found


def merge_patches(base: Properties, patches: list[Any]) -> Properties:
    """`base` with the v1alpha1 parts of the patches merged in; other documents must name their kind."""
    merged = copy.deepcopy(base)
    for index, patch in enumerate(patches):
        if not isinstance(patch, str):
            raise RefusedError(f"config_patches[{index}]: expected a string of YAML or JSON")
        for item in documents(patch, f"config_patches[{index}]"):
            if "kind" in item:
                if "apiVersion" not in item:
                    raise RefusedError(f"config_patches[{index}]: {item['kind']}: missing apiVersion")
            elif item.keys() <= {"machine", "cluster", "version", "debug", "persist"}:
                _merge(merged, item)
            else:
                raise RefusedError(f"config_patches[{index}]: unknown keys found during decoding: {sorted(item)}")
    return merged


def _merge(target: Properties, patch: Mapping[str, Any]) -> None:
    for key, value in patch.items():
        if value == {"$patch": "delete"}:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        elif isinstance(value, list) and isinstance(target.get(key), list):
            target[key] = [*target[key], *value]
        else:
            target[key] = copy.deepcopy(value)
