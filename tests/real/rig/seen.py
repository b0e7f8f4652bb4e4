"""What the rig has come to: in the real API, in the real Vault, and beside them in the lab."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography import x509

from lab.checkout import Stack
from lab.providers.kubernetes.cluster import OBJECTS, SYSTEM_NAMESPACES
from lab.providers.kubernetes.endpoints import RELEASE_NAME
from lab.providers.vault.server import ROOT_KEY
from lib.secrets import KV_MOUNT
from tests.engine.platform import world_of
from tests.real.kubernetes.api import Api
from tests.real.vault.api import Api as Vault

_ISSUING = "/apis/cert-manager.io/v1"
_OF_ITS_OWN = ("tls.crt", "tls.key")
"""What whoever issues a certificate makes anew."""
_MANAGERS = ("pulumi", "kubernetes-provider")
"""Begin the names of who writes for the provider, and for Helm in it."""
_HOOK = "helm.sh/hook"
_LASTING = ("Event", "CustomResourceDefinition")
"""Definitions outlive their releases (docs/adr/0026)."""


@dataclass(frozen=True)
class Seen:
    """It.

    Attributes:
        api: May read everything.
        keys: See vault.py.
        stack: The lab's world is its.
    """

    api: Api
    keys: Path
    stack: Stack

    def secret(self, name: str) -> dict[str, str]:
        """What the Secret `<namespace>/<name>` of the real API holds."""
        namespace, _, name = name.partition("/")
        data = self.api.expect("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def in_vault(self, path: str) -> dict[str, str]:
        """What the real Vault holds there."""
        told = json.loads(self.keys.read_text(encoding="utf-8"))
        vault = Vault(told["address"], told["trust"], told["keys"][ROOT_KEY])
        found: dict[str, str] = vault.read(f"{KV_MOUNT}/data/{path}")["data"]
        return found

    def workloads(self, namespace: str) -> set[str]:
        """Names of the Deployments of a namespace."""
        return {one["metadata"]["name"] for one in self._items(f"/apis/apps/v1/namespaces/{namespace}/deployments")}

    def namespaces(self) -> set[str]:
        """Those that Kubernetes does not have by itself."""
        return {one["metadata"]["name"] for one in self._items("/api/v1/namespaces")} - set(SYSTEM_NAMESPACES)

    def release(self, name: str) -> str:
        """Status that Helm notes of a service's release; empty where it notes nothing."""
        query = urlencode({"labelSelector": f"owner=helm,name={name}"})
        labels = [one["metadata"]["labels"] for one in self._items(f"/api/v1/namespaces/{name}/secrets?{query}")]
        newest = max(labels, key=lambda one: int(one["version"]), default={"status": ""})
        return str(newest["status"])

    def certificates(self) -> dict[str, list[x509.Certificate]]:
        """The chain that each Certificate's request came to, by issuer, namespace and name; empty where the Secret
        holds something else.
        """
        answers = {
            (metadata["namespace"], metadata["annotations"]["cert-manager.io/certificate-name"]): one["status"]
            for one in self._items(f"{_ISSUING}/certificaterequests")
            if (metadata := one["metadata"])
        }
        found = {}
        for one in self._items(f"{_ISSUING}/certificates"):
            namespace, name, spec = one["metadata"]["namespace"], one["metadata"]["name"], one["spec"]
            answer = base64.b64decode(answers[namespace, name]["certificate"]).decode()
            held = self.secret(f"{namespace}/{spec['secretName']}")["tls.crt"]
            chain = x509.load_pem_x509_certificates(held.encode()) if held == answer else []
            found[f"{spec['issuerRef']['name']} {namespace}/{name}"] = chain
        return found

    def unlike_the_lab(self) -> list[str]:
        """Secrets, and keys of them, that are not what they are in the lab; those of Helm and of charts aside."""
        with world_of(self.stack) as world:
            lab = _held(one for one in world.view(OBJECTS).values() if one["kind"] == "Secret")
        real = _held(one for one in self._items("/api/v1/secrets") if not _is_of_helm(one))
        return sorted(key for key in real.keys() | lab.keys() if real.get(key) != lab.get(key))

    def left(self) -> list[str]:
        """Objects that the program or its releases made."""
        preferred = (one["preferredVersion"]["groupVersion"] for one in self.api.expect("GET", "/apis")["groups"])
        return [
            f"{kind['kind']} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}"
            for path in ("/api/v1", *(f"/apis/{version}" for version in preferred))
            for kind in self.api.expect("GET", path)["resources"]
            if "list" in kind["verbs"] and kind["kind"] not in _LASTING
            for one in self._items(f"{path}/{kind['name']}")
            if any(entry["manager"].startswith(_MANAGERS) for entry in one["metadata"].get("managedFields") or ())
        ]

    def _items(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.expect("GET", path)["items"]
        return found


def _is_of_helm(one: Mapping[str, Any]) -> bool:
    """Whether it is Helm's note of a release, or of its chart, whose hooks do not say of which release they are."""
    annotations = one["metadata"].get("annotations") or {}
    return one.get("type") == "helm.sh/release.v1" or not annotations.keys().isdisjoint({RELEASE_NAME, _HOOK})


def _held(secrets: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    """Each value, and the type, by namespace, name and key."""
    found: dict[str, Any] = {}
    for one in secrets:
        place = f"{one['metadata']['namespace']}/{one['metadata']['name']}"
        found[place] = one.get("type", "Opaque")
        values = one.get("data") or {}
        found |= {f"{place}: {key}": None if key in _OF_ITS_OWN else value for key, value in values.items()}
    return found
