"""Stores of External Secrets: how they log in to Vault, and whom they serve."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from lab.providers.kubernetes.cluster import VAULTS, Cluster, labels_match
from lab.providers.kubernetes.endpoints import UnreachableError, is_true, locate
from lab.providers.kubernetes.pods import lacking
from lab.providers.vault.api import Login, login
from lab.providers.vault.server import health

GROUP: Final = "external-secrets.io"

Rules = Mapping[str, frozenset[str]]


class SyncError(Exception):
    """Why an ExternalSecret is not synced."""


def open_store(cluster: Cluster, store: Mapping[str, Any]) -> tuple[Rules, str]:
    """Log in to a store's Vault; its rules and KV mount. Raises SyncError or DeniedError."""
    provider = store["spec"]["provider"].get("vault")
    if provider is None:
        raise SyncError("the lab simulates Vault stores only")
    _check_trust(cluster, store, provider)
    namespace = store["metadata"].get("namespace")
    try:
        backend = locate(cluster, provider["server"], namespace or "external-secrets")
    except UnreachableError as error:
        raise SyncError(str(error)) from None
    server = cluster.world.get(VAULTS, f"{backend.namespace}/{backend.name}") if backend.chart == "vault" else None
    if server is None:
        raise SyncError(f"{provider['server']}: 404 Not Found")
    code, text = health(server)
    if code != HTTPStatus.OK:
        raise SyncError(f"Code: {code}. Errors: * {text}")
    auth = provider["auth"].get("kubernetes")
    if auth is None:
        raise SyncError("the lab knows Kubernetes auth only: a store must not hold the root token")
    account = auth.get("serviceAccountRef") or {}
    home = account.get("namespace") or namespace
    if not home or not cluster.exists("ServiceAccount", home, account.get("name", "")):
        raise SyncError(f'ServiceAccount "{account.get("name")}" not found in namespace "{home}"')
    who = Login(
        auth.get("mountPath", "kubernetes"), auth["role"], home, account["name"], tuple(account.get("audiences") or ())
    )
    return login(cluster.world, who), str(provider.get("path", "")).rstrip("/")


def _check_trust(cluster: Cluster, store: Mapping[str, Any], provider: Mapping[str, Any]) -> None:
    trust = provider.get("caProvider")
    if trust is None:
        if str(provider["server"]).startswith("https://") and not provider.get("caBundle"):
            raise SyncError("x509: certificate signed by unknown authority")
        return
    namespace = trust.get("namespace") or store["metadata"].get("namespace")
    if not namespace:
        raise SyncError("caProvider.namespace must be set for a ClusterSecretStore")
    problems = list(lacking(cluster, trust["type"], namespace, trust["name"], trust.get("key", "ca.crt")))
    if problems:
        raise SyncError(f"failed to get cert from provider: {problems[0]}")


def store_of(cluster: Cluster, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    reference, namespace = wanted["spec"]["secretStoreRef"], wanted["metadata"]["namespace"]
    kind = reference.get("kind", "SecretStore")
    store = cluster.look(f"{GROUP}/{kind}", "" if kind == "ClusterSecretStore" else namespace, reference["name"])
    if store is None:
        raise SyncError(f'could not get {kind} "{reference["name"]}": not found')
    if not is_true(store, "Ready"):
        raise SyncError(f'{kind} "{reference["name"]}" is not ready')
    conditions = store["spec"].get("conditions")
    if conditions and not any(_admits(cluster, condition, namespace) for condition in conditions):
        raise SyncError(
            f'using cluster store "{reference["name"]}" is not allowed from namespace "{namespace}": '
            "denied by spec.condition"
        )
    return store


def _admits(cluster: Cluster, condition: Mapping[str, Any], namespace: str) -> bool:
    if namespace in (condition.get("namespaces") or []):
        return True
    if any(re.search(pattern, namespace) for pattern in condition.get("namespaceRegexes") or []):
        return True
    labels = (cluster.look("Namespace", "", namespace) or {"metadata": {}})["metadata"].get("labels") or {}
    wanted: Mapping[str, str] = (condition.get("namespaceSelector") or {}).get("matchLabels") or {}
    return bool(wanted) and labels_match(wanted, labels)
