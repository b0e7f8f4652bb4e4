"""External Secrets: stores that log in to Vault, and the Secrets made of what they may read.

Fields and defaults are those of `external-secrets.io/v1` in chart 2.9.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from lab.providers.kubernetes.cluster import VAULTS, Cluster, encoded
from lab.providers.kubernetes.endpoints import UnreachableError, is_true, locate
from lab.providers.kubernetes.pods import lacking
from lab.providers.operators.conditions import report, runs
from lab.providers.vault.api import DeniedError, Login, login, read_kv
from lab.providers.vault.server import health
from lab.providers.wire import Properties
from lab.site import Site

_GROUP: Final = "external-secrets.io"
_EXPRESSION: Final = re.compile(r"\{\{-?\s*(?P<body>[^}]*?)\s*-?\}\}")
_VARIABLE: Final = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|index \. \"(?P<quoted>[^\"]+)\"")

Rules = Mapping[str, frozenset[str]]


class SyncError(Exception):
    """Why an ExternalSecret is not synced."""


def run(site: Site) -> None:
    """Reconcile stores and external secrets."""
    cluster = Cluster(site)
    if not runs(cluster, "external-secrets"):
        return
    for kind in ("ClusterSecretStore", "SecretStore"):
        for store in cluster.each(f"{_GROUP}/{kind}"):
            try:
                _open(cluster, store)
            except (SyncError, DeniedError) as error:
                report(cluster, store, f"unable to create client: {error}")
            else:
                report(cluster, store, "")
    for wanted in cluster.each(f"{_GROUP}/ExternalSecret"):
        try:
            secret = _target(wanted, _fetch(cluster, wanted))
        except (SyncError, DeniedError) as error:
            report(cluster, wanted, f"could not get secret data from provider: {error}")
            continue
        if not report(cluster, wanted, ""):
            continue
        if (wanted["spec"].get("target") or {}).get("creationPolicy", "Owner") == "Owner":
            cluster.apply_owned(wanted, secret)
        else:
            cluster.apply_plain(secret)


def _open(cluster: Cluster, store: Mapping[str, Any]) -> tuple[Rules, str]:
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
    if code != 200:  # noqa: PLR2004 - the HTTP status
        raise SyncError(f"Code: {code}. Errors: * {text}")
    auth = provider["auth"].get("kubernetes")
    if auth is None:
        raise SyncError("the lab knows Kubernetes auth only: a store must not hold the root token")
    account = auth.get("serviceAccountRef") or {}
    home = account.get("namespace") or namespace
    if not home or not cluster.exists("ServiceAccount", home, account.get("name", "")):
        raise SyncError(f'ServiceAccount "{account.get("name")}" not found in namespace "{home}"')
    who = Login(auth.get("mountPath", "kubernetes"), auth["role"], home, account["name"], tuple(account.get("audiences") or ()))
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


def _store_of(cluster: Cluster, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    reference, namespace = wanted["spec"]["secretStoreRef"], wanted["metadata"]["namespace"]
    kind = reference.get("kind", "SecretStore")
    store = cluster.look(f"{_GROUP}/{kind}", "" if kind == "ClusterSecretStore" else namespace, reference["name"])
    if store is None:
        raise SyncError(f'could not get {kind} "{reference["name"]}": not found')
    if not is_true(store, "Ready"):
        raise SyncError(f'{kind} "{reference["name"]}" is not ready')
    conditions = store["spec"].get("conditions")
    if conditions and not any(_admits(cluster, condition, namespace) for condition in conditions):
        raise SyncError(f'using cluster store "{reference["name"]}" is not allowed from namespace "{namespace}": denied by spec.condition')
    return store


def _admits(cluster: Cluster, condition: Mapping[str, Any], namespace: str) -> bool:
    if namespace in (condition.get("namespaces") or []):
        return True
    if any(re.search(pattern, namespace) for pattern in condition.get("namespaceRegexes") or []):
        return True
    labels = (cluster.look("Namespace", "", namespace) or {"metadata": {}})["metadata"].get("labels") or {}
    wanted = (condition.get("namespaceSelector") or {}).get("matchLabels")
    return bool(wanted) and all(fnmatchcase(str(labels.get(key)), value) for key, value in wanted.items())


def _fetch(cluster: Cluster, wanted: Mapping[str, Any]) -> dict[str, str]:
    """The values an ExternalSecret asks for. Raises SyncError or DeniedError."""
    rules, mount = _open(cluster, _store_of(cluster, wanted))
    data: dict[str, str] = {}
    for source in wanted["spec"].get("dataFrom") or []:
        if "extract" not in source:
            raise SyncError(f"the lab knows dataFrom.extract only, got {sorted(source)}")
        data |= {key: _text(value) for key, value in _read(cluster, rules, mount, source["extract"]["key"]).items()}
    for item in wanted["spec"].get("data") or []:
        reference = item["remoteRef"]
        document = _read(cluster, rules, mount, reference["key"])
        if "property" not in reference:
            data[item["secretKey"]] = json.dumps(document)
        elif reference["property"] not in document:
            raise SyncError(f'cannot find secret data for key: "{reference["property"]}" at "{reference["key"]}"')
        else:
            data[item["secretKey"]] = _text(document[reference["property"]])
    return data


def _read(cluster: Cluster, rules: Rules, mount: str, key: str) -> dict[str, Any]:
    if not mount:
        mount, _, key = key.partition("/")
    return read_kv(cluster.world, rules, mount, key)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _render(template: str, data: Mapping[str, str]) -> str:
    """A Go template, as far as it puts in variables; a variable that is not there fails."""

    def replace(match: re.Match[str]) -> str:
        variable = _VARIABLE.search(match["body"])
        if variable is None:
            return match[0]
        name = variable["name"] or variable["quoted"]
        if name not in data:
            raise SyncError(f"could not execute template: map has no entry for key {name!r}")
        filters = [part.strip() for part in match["body"].split("|")[1:]]
        value = data[name]
        for item in filters:
            value = {"b64enc": base64.b64encode(value.encode()).decode(), "toJson": json.dumps(value), "quote": json.dumps(value)}.get(item, value)
        return value

    return _EXPRESSION.sub(replace, template)


def _target(wanted: Mapping[str, Any], data: Mapping[str, str]) -> Properties:
    """The Secret that is wanted, with these values. Raises SyncError."""
    metadata, target = wanted["metadata"], wanted["spec"].get("target") or {}
    template = target.get("template") or {}
    texts, extra = template.get("data"), template.get("metadata") or {}
    final = {key: _render(text, data) for key, text in texts.items()} if texts else dict(data)
    if texts and template.get("mergePolicy") == "Merge":
        final = {**data, **final}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": template.get("type", "Opaque"),
        "metadata": {
            "name": target.get("name") or metadata["name"],
            "namespace": metadata["namespace"],
            "labels": dict(extra.get("labels") or {}),
            "annotations": dict(extra.get("annotations") or {}),
        },
        "data": encoded(final),
    }
