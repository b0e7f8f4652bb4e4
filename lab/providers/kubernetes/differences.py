"""What changed between two versions of an object, what of it forces a replacement, and how an update is merged.

The properties that cannot change in place are those of pulumi-kubernetes 4.34 (`provider/pkg/provider/diff.go`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.providers.kubernetes.kinds import Kind
from lab.providers.wire import Properties

_SELECTOR: Final = ("spec.selector",)
_REPLACE: Final[Mapping[str, tuple[str, ...]]] = {
    "apps/DaemonSet": _SELECTOR,
    "apps/Deployment": _SELECTOR,
    "apps/StatefulSet": (
        *("spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.serviceName", "spec.volumeClaimTemplates"),
        *_SELECTOR,
    ),
    "batch/Job": ("spec.completions", "spec.parallelism", "spec.template", *_SELECTOR),
    "PersistentVolumeClaim": (
        *("spec.accessModes", "spec.storageClassName", "spec.volumeName"),
        *_SELECTOR,
    ),
    "Pod": tuple(
        f"spec.{field}"
        for field in (
            *("affinity", "automountServiceAccountToken", "containers", "dnsConfig", "dnsPolicy", "hostNetwork"),
            *("imagePullSecrets", "initContainers", "nodeName", "nodeSelector", "priorityClassName", "restartPolicy"),
            *("securityContext", "serviceAccountName", "terminationGracePeriodSeconds", "volumes"),
        )
    ),
    "Secret": ("type",),
    "Service": ("spec.clusterIP",),
    "rbac.authorization.k8s.io/ClusterRoleBinding": ("roleRef",),
    "rbac.authorization.k8s.io/RoleBinding": ("roleRef",),
    "storage.k8s.io/StorageClass": ("parameters", "provisioner"),
}
_IDENTITY: Final = ("metadata.name", "metadata.namespace")


def changed_paths(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Paths of the values that differ; a list counts as one value."""
    for key in sorted(old.keys() | new.keys()):
        before, after, path = old.get(key), new.get(key), f"{prefix}{key}"
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from changed_paths(before, after, f"{path}.")
        elif before != after:
            yield path


def replacing_paths(obj: Mapping[str, Any], changed: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the changed paths that only a new object can take.

    The provider of this project runs with mutable Secrets and ConfigMaps unless they say `immutable`
    (`enableSecretMutable`, `enableConfigMapMutable`): see `fixed_data`.
    """
    kind = Kind.of(obj)
    name = f"{kind.group}/{kind.kind}" if kind.group else kind.kind
    patterns = (*_IDENTITY, *_REPLACE.get(name, ()))
    return tuple(path for path in changed if any(_within(path, pattern) for pattern in patterns))


def fixed_data(obj: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[str, ...]:
    """Data fields that force a replacement of a Secret or ConfigMap under this provider configuration."""
    flags = {"Secret": "enableSecretMutable", "ConfigMap": "enableConfigMapMutable"}
    flag = flags.get(obj.get("kind", "")) if "/" not in str(obj.get("apiVersion", "")) else None
    if flag is None:
        return ()
    mutable = str(config.get(flag, "false")).lower() == "true"
    return () if mutable and not obj.get("immutable") else ("data", "stringData", "binaryData")


def under(paths: tuple[str, ...], patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The paths that lie at or below one of the patterns."""
    return tuple(path for path in paths if any(_within(path, pattern) for pattern in patterns))


def _within(path: str, pattern: str) -> bool:
    return path == pattern or path.startswith(f"{pattern}.") or pattern.startswith(f"{path}.")


def merge(live: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> Properties:
    """Server-side apply by one manager: fields it no longer sets go, fields it sets win, fields of others stay."""
    merged = {key: copy.deepcopy(value) for key, value in live.items() if key not in old or key in new}
    for key, value in new.items():
        current, before = live.get(key), old.get(key)
        if isinstance(value, Mapping) and isinstance(current, Mapping):
            merged[key] = merge(current, before if isinstance(before, Mapping) else {}, value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def prune(live: Any, shape: Any) -> Any:
    """The part of a live value that has the shape of the inputs; a field that is gone is left out, and so is what
    follows in a list beyond the items of the inputs (pruneMap, pruneSlice in provider/pkg/provider/util.go).
    """
    if isinstance(live, Mapping) and isinstance(shape, Mapping):
        return {key: prune(live[key], value) for key, value in shape.items() if key in live}
    if isinstance(live, list) and isinstance(shape, list):
        return [prune(one, like) for one, like in zip(live, shape, strict=False)]
    return copy.deepcopy(live)
