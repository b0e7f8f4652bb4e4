"""External Secrets: stores that log in to Vault, and the Secrets made of what they may read.

Fields and defaults are those of `external-secrets.io/v1` in chart 2.9.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lab.providers.kubernetes.cluster import Cluster, encoded
from lab.providers.operators.conditions import report, runs
from lab.providers.operators.secret_stores import GROUP, Rules, SyncError, open_store, store_of
from lab.providers.operators.templates import render
from lab.providers.vault.api import DeniedError, allows, read_kv
from lab.providers.wire import Properties
from lab.site import Site


def run(site: Site) -> None:
    """Reconcile stores and external secrets."""
    cluster = Cluster(site)
    if not runs(cluster, "external-secrets"):
        return
    for kind in ("ClusterSecretStore", "SecretStore"):
        for store in cluster.each(f"{GROUP}/{kind}"):
            try:
                rules, _ = open_store(cluster, store)
            except (SyncError, DeniedError) as error:
                report(cluster, store, f"unable to create client: {error}")
            else:
                # The client validates itself by looking up its own token.
                valid = allows(rules, "auth/token/lookup-self", "read")
                report(cluster, store, "" if valid else "unable to validate store: Code: 403. permission denied")
    for wanted in cluster.each(f"{GROUP}/ExternalSecret"):
        version = _version(wanted)
        if _is_fresh(cluster, wanted, version):
            continue
        try:
            secret = _target(wanted, _fetch(cluster, wanted))
        except (SyncError, DeniedError) as error:
            report(cluster, wanted, f"could not get secret data from provider: {error}")
            continue
        if not report(cluster, wanted, "", syncedResourceVersion=version):
            continue
        if (wanted["spec"].get("target") or {}).get("creationPolicy", "Owner") == "Owner":
            cluster.apply_owned(wanted, secret)
        else:
            cluster.apply_plain(secret)


def _version(wanted: Mapping[str, Any]) -> str:
    """What tells the operator that an ExternalSecret was changed (GetResourceVersion, pkg/controllers/util/util.go)."""
    metadata = wanted["metadata"]
    described = json.dumps([metadata.get("labels") or {}, metadata.get("annotations") or {}], sort_keys=True)
    return f"{metadata['generation']}-{hashlib.sha256(described.encode()).hexdigest()}"


def _is_fresh(cluster: Cluster, wanted: Mapping[str, Any], version: str) -> bool:
    """Whether Vault is asked again only after `refreshInterval`, which no operation of the lab lasts: the Secret is
    there, and the ExternalSecret as it was when it was made.
    """
    metadata, target = wanted["metadata"], wanted["spec"].get("target") or {}
    there = cluster.exists("Secret", metadata["namespace"], target.get("name") or metadata["name"])
    return there and (wanted.get("status") or {}).get("syncedResourceVersion") == version


def _fetch(cluster: Cluster, wanted: Mapping[str, Any]) -> dict[str, str]:
    """The values an ExternalSecret asks for. Raises SyncError or DeniedError."""
    rules, mount = open_store(cluster, store_of(cluster, wanted))
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


def _target(wanted: Mapping[str, Any], data: Mapping[str, str]) -> Properties:
    """The Secret that is wanted, with these values. Raises SyncError."""
    metadata, target = wanted["metadata"], wanted["spec"].get("target") or {}
    template = target.get("template") or {}
    texts, extra = template.get("data"), template.get("metadata") or {}
    final = {key: render(text, data) for key, text in texts.items()} if texts else dict(data)
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
