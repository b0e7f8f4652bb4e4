"""Kinds of objects: their names in tokens and objects, their scope, and whether an object of a kind is well-formed."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import kubernetes_validate  # type: ignore[import-untyped]
from kubernetes_validate import utils

from lab.providers.wire import Properties

# The library reads its schemas, some megabytes of JSON, anew for every object, and the names of all of them.
utils.schema_contents = functools.cache(utils.schema_contents)
utils.latest_version = functools.cache(utils.latest_version)
utils.all_versions = functools.cache(utils.all_versions)

_CLUSTER_SCOPED: Final = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "StorageClass"),
    }
)

# RFC 1123 subdomain; RBAC objects may carry any path segment.
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_LENGTH: Final = 253


@dataclass(frozen=True)
class Kind:
    """A group, version and kind."""

    group: str
    version: str
    kind: str

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Kind:
        """The kind an object claims."""
        group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
        return cls(group, version, str(obj.get("kind", "")))

    @classmethod
    def from_token(cls, token: str) -> Kind:
        """The kind of a Pulumi type token; `kubernetes:core/v1:Secret` is apiVersion v1."""
        _, api_version, kind = token.split(":")
        group, _, version = api_version.rpartition("/")
        return cls("" if group == "core" else group, version, kind)

    @property
    def api_version(self) -> str:
        """As objects write it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def plural(self) -> str:
        """The resource's name in messages and URLs (English plural of the lower-case kind, as most kinds have it)."""
        lower = self.kind.lower()
        if lower.endswith(("s", "x", "ch", "sh")):
            return f"{lower}es"
        return f"{lower[:-1]}ies" if lower.endswith("y") and lower[-2] not in "aeiou" else f"{lower}s"

    @property
    def qualified(self) -> str:
        """Plural and group, as the API server names a resource in its errors."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def cluster_scoped(self) -> bool:
        """Scope of a built-in kind; a custom one's is in its definition."""
        return (self.group, self.kind) in _CLUSTER_SCOPED


@functools.cache
def is_built_in(kind: Kind, kubernetes_version: str) -> bool:
    """Whether the API server of that version serves the kind without a definition."""
    probe = {"apiVersion": kind.api_version, "kind": kind.kind}
    try:
        kubernetes_validate.validate(probe, kubernetes_version, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        return False
    except kubernetes_validate.ValidationError:
        return True
    return True


def malformed(obj: Properties, kubernetes_version: str) -> str | None:
    """What is wrong with an object of a built-in kind, by its published schema in strict mode; None when nothing is."""
    try:
        kubernetes_validate.validate(obj, kubernetes_version, strict=True)
    except kubernetes_validate.ValidationError as error:
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.path).lstrip(".")
        return f"{path or 'object'}: {error.message}"
    return None


def bad_name(kind: Kind, name: str) -> str | None:
    """What the API server says about a name it does not accept."""
    if kind.group == "rbac.authorization.k8s.io" or (len(name) <= _NAME_LENGTH and _NAME.fullmatch(name)):
        return None
    return (
        f'{kind.kind}.{kind.group} "{name}" is invalid: metadata.name: Invalid value: "{name}": a lowercase RFC 1123 '
        "subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
        "alphanumeric character"
    )
