"""Secrets and ConfigMaps that manifests and Helm values name, and where in the program each comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.objects import RELEASE, key_of, namespace_of, objects, of_kind, releases
from tests.support.recording import Recorded, Recording
from tests.support.wire import UNKNOWN, Path

# Keys that hold the name of a Secret as plain text, in pod specs, custom resources and the values of charts.
_NAME_KEYS = frozenset({"secretName", "tlsSecret", "configSecret", "existingConfigSecret", "usersExistingSecret"})
_NAME_PREFIXES = ("existingSecret", "existingXsrfSecret", "caBundleSecretName")
# Keys whose value is an object with `name`; the APIs call a reference to a Secret by many names.
_SECRET_KEYS = frozenset(
    {"secretKeyRef", "secretRef", "secret", "passwordSecret", "superuserSecret", "pullSecret", "caBundleSecretRef"}
)
_CONFIG_MAP_KEYS = frozenset({"configMapKeyRef", "configMapRef", "configMap"})
# cert-manager looks for the Secrets of a ClusterIssuer in its own namespace.
_CLUSTER_RESOURCE_NAMESPACE = "cert-manager"


@dataclass(frozen=True)
class Reference:
    """A Secret or ConfigMap that something names, with the keys of it that are used by name."""

    user: Recorded
    kind: str
    name: str
    namespace: str
    path: Path
    keys: tuple[str, ...]
    optional: bool

    def __str__(self) -> str:
        return f"{self.user} at {'.'.join(map(str, self.path))} needs {self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Origin:
    """What makes a Secret or ConfigMap, and its keys; None when they are not known in advance."""

    maker: Recorded
    keys: frozenset[str] | None


@dataclass(frozen=True)
class _Finder:
    user: Recorded
    namespace: str
    found: list[Reference] = field(default_factory=list)

    def look(self, inside: Any, path: Path) -> None:
        match inside:
            case list():
                for index, item in enumerate(inside):
                    self.look(item, (*path, index))
            case dict():
                for key, value in inside.items():
                    self._judge(key, value, inside, (*path, key))
                    self.look(value, (*path, key))

    def _judge(self, key: str, value: Any, holder: Mapping[str, Any], path: Path) -> None:
        if isinstance(value, str) and value:
            if key == "secretName" or _names_a_secret(key, holder):
                self._add("Secret", value, holder, path)
        elif isinstance(value, dict) and isinstance(value.get("name"), str):
            if key in _SECRET_KEYS:
                self._add("Secret", value["name"], value, path)
            elif key in _CONFIG_MAP_KEYS:
                self._add("ConfigMap", value["name"], value, path)
            elif key == "caProvider":
                self._add(value["type"], value["name"], value, path)

    def _add(self, kind: str, name: str, holder: Mapping[str, Any], path: Path) -> None:
        keys = [str(holder[one]) for one in ("key", "secretKey") if one in holder]
        keys += [item["key"] for item in holder.get("items", ()) if isinstance(item, dict)]
        namespace = str(holder.get("namespace", self.namespace))
        optional = bool(holder.get("optional"))
        self.found.append(Reference(self.user, kind, name, namespace, path, tuple(keys), optional))


def _names_a_secret(key: str, holder: Mapping[str, Any]) -> bool:
    by_name = key in _NAME_KEYS or (key.startswith(_NAME_PREFIXES) and not key.endswith("Key"))
    return by_name or (key == "secret" and "secretKey" in holder)


def references(recording: Recording) -> Iterator[Reference]:
    """Every Secret and ConfigMap that an object or the values of a release name."""
    for one in [*objects(recording), *releases(recording)]:
        if one.get("kind") in ("Certificate", "ExternalSecret"):
            continue  # the Secret that these name is the one they make
        inside = one.get("values") if one.type == RELEASE else one.inputs
        finder = _Finder(one, namespace_of(one) or _CLUSTER_RESOURCE_NAMESPACE)
        finder.look(inside, ())
        yield from finder.found


def origins(recording: Recording) -> dict[tuple[str, str, str], Origin]:
    """Where each Secret and ConfigMap comes from, by kind, namespace and name."""
    made: dict[tuple[str, str, str], Origin] = {}
    for kind in ("Secret", "ConfigMap"):
        for one in of_kind(recording, kind):
            parts = [one.get("data") or {}, one.get("stringData") or {}]
            known = None if UNKNOWN in parts else frozenset(key for part in parts for key in part)
            made[kind, key_of(one).namespace, key_of(one).name] = Origin(one, known)
    for one in of_kind(recording, "ExternalSecret"):
        target = one.get("spec", "target")
        composed = target["template"].get("data")
        keys = frozenset(composed or [entry["secretKey"] for entry in one.get("spec", "data")])
        made["Secret", key_of(one).namespace, target["name"]] = Origin(one, keys)
    for one in of_kind(recording, "Certificate"):
        names = frozenset({"tls.crt", "tls.key", "ca.crt"})
        made["Secret", key_of(one).namespace, one.get("spec", "secretName")] = Origin(one, names)
    for one in of_kind(recording, "Job"):
        for secret in _WRITTEN_BY_JOBS.get(key_of(one).name, ()):
            made["Secret", key_of(one).namespace, secret] = Origin(one, None)
    return made


_WRITTEN_BY_JOBS: Mapping[str, tuple[str, ...]] = {"vault-init": ("vault-keys",)}
"""bank-vaults writes root token and unseal key when it initialises Vault."""
