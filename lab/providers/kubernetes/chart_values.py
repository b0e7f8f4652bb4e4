"""What a chart's values refer to: Secrets, ConfigMaps, claims and storage classes the pods need, hosts they serve."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_SECRET_NAME_KEY: Final = re.compile(r"(existing\w*Secret\w*|\w*ExistingSecret)")
_STORAGE_KEYS: Final = frozenset({"storageClass", "storageClassName", "className"})


@dataclass(frozen=True)
class Need:
    """Something that must exist: `kind` Secret, ConfigMap, PersistentVolumeClaim or StorageClass."""

    kind: str
    name: str
    keys: tuple[str, ...] = ()


def needs(values: Mapping[str, Any]) -> list[Need]:
    """Everything the values name that the chart's pods cannot start without.

    A part with `enabled: false` is skipped. Secrets for the TLS of an ingress are not needed by any pod: Traefik serves
    its default certificate until they exist.
    """
    return list(dict.fromkeys(_walk(values, ())))


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[Need]:
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, path)
        return
    if not isinstance(value, Mapping) or value.get("enabled") is False or value.get("optional"):
        return
    yield from _references(value, path)
    for key, item in value.items():
        yield from _named(key, item, value, path)
        yield from _walk(item, (*path, key))


def _references(value: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Need]:
    """References in the forms of a pod spec, and the pairs that matrix-stack uses."""
    last = path[-1] if path else ""
    if last in ("secretKeyRef", "configMapKeyRef"):
        yield Need("Secret" if last == "secretKeyRef" else "ConfigMap", value["name"], (value["key"],))
    elif last in ("secretRef", "configMapRef") and "name" in value:
        yield Need("Secret" if last == "secretRef" else "ConfigMap", value["name"])
    elif last == "configMap" and "name" in value:
        yield Need("ConfigMap", value["name"], _items(value))
    elif last == "secret" and "secretName" in value and not _is_ingress_tls(path):
        yield Need("Secret", value["secretName"], _items(value))
    for name, key in (("secret", "secretKey"), ("configSecret", "configSecretKey")):
        if isinstance(value.get(name), str) and isinstance(value.get(key), str):
            yield Need("Secret", value[name], (value[key],))


def _items(value: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(item["key"] for item in value.get("items") or [])


def _is_ingress_tls(path: tuple[str, ...]) -> bool:
    return "tls" in path or "ingress" in path


def _named(key: str, item: Any, siblings: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Need]:
    """Values that are a name by themselves: `existingSecret`, `secretName`, `storageClass`, lists of blueprints."""
    if path[-1:] == ("blueprints",) and key in ("configMaps", "secrets"):
        for name in item or []:
            yield Need("ConfigMap" if key == "configMaps" else "Secret", name)
    if not isinstance(item, str) or not item:
        return
    if key in ("claimName", "existingClaim"):
        yield Need("PersistentVolumeClaim", item)
    elif key in _STORAGE_KEYS and (key != "className" or "requestedSize" in siblings):
        yield Need("StorageClass", item)
    elif key.endswith("SecretName") or (key == "secretName" and path[-1:] != ("secret",)):
        if not _is_ingress_tls(path):
            yield Need("Secret", item)
    elif _SECRET_NAME_KEY.fullmatch(key) and not (key.endswith("Key") and isinstance(siblings.get(key[:-3]), str)):
        wanted = siblings.get(f"{key}Key")
        yield Need("Secret", item, (wanted,) if isinstance(wanted, str) and wanted else ())


def hosts(chart: str, values: Mapping[str, Any]) -> list[str]:
    """Public host names the release serves by an Ingress of its own."""
    found = list(_hosts(values, ()))
    # matrix-stack also serves the well-known files of its server name, unless told not to.
    if chart == "matrix-stack" and (values.get("wellKnownDelegation") or {}).get("enabled", True):
        found.append(str(values.get("serverName")))
    return list(dict.fromkeys(found))


def _hosts(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _hosts(item, path)
    if isinstance(value, str) and path and "ingress" in path and (path[-1] in ("host", "hosts") or "hosts" in path):
        yield value
    if not isinstance(value, Mapping) or ("ingress" in path and value.get("enabled") is False):
        return
    for key, item in value.items():
        if key not in ("tls", "path", "paths"):
            yield from _hosts(item, (*path, key))
