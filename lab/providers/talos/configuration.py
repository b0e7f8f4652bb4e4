"""Machine configurations: documents, patches and how they merge, as far as the simulated nodes look at them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from lab.providers.errors import RefusedError
from lab.providers.wire import Properties


def merged_configuration(inputs: Mapping[str, Any]) -> list[Properties]:
    """The documents of a machine configuration with its patches, the main one first; raises RefusedError."""
    text = inputs.get("machineConfigurationInput")
    if not text:
        raise RefusedError("Missing required argument: machine_configuration_input")
    return merge_patches(documents(str(text), "machine_configuration_input"), inputs.get("configPatches") or [])


def hostname(others: Sequence[Mapping[str, Any]]) -> str:
    """Hostname that the documents give; empty where Talos makes one up."""
    return str(next((item["hostname"] for item in others if item["kind"] == "HostnameConfig"), ""))


def documents(text: str, where: str) -> list[Properties]:
    """The YAML documents of a text; raises RefusedError."""
    try:
        found = [item for item in yaml.safe_load_all(text) if item is not None]
    except yaml.YAMLError as error:
        raise RefusedError(f"{where}: yaml: {error}") from None
    if not found or not all(isinstance(item, dict) for item in found):
        raise RefusedError(f"{where}: a machine configuration document must be a mapping")
    return found


def merge_patches(base: Sequence[Properties], patches: list[Any]) -> list[Properties]:
    """`base` with the patches merged in: v1alpha1 into its first document, others into those of their kind and name."""
    main = copy.deepcopy(base[0])
    others = {(item.get("kind"), item.get("name")): copy.deepcopy(item) for item in base[1:]}
    for index, patch in enumerate(patches):
        if not isinstance(patch, str):
            raise RefusedError(f"config_patches[{index}]: expected a string of YAML or JSON")
        for item in documents(patch, f"config_patches[{index}]"):
            if "kind" in item:
                if "apiVersion" not in item:
                    raise RefusedError(f"config_patches[{index}]: {item['kind']}: missing apiVersion")
                _merge(others.setdefault((item["kind"], item.get("name")), {}), item)
            elif item.keys() <= {"machine", "cluster", "version", "debug", "persist"}:
                _merge(main, item)
            else:
                raise RefusedError(f"config_patches[{index}]: unknown keys found during decoding: {sorted(item)}")
    return [main, *others.values()]


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
