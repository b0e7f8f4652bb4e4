"""Metrics of the path of a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.providers.kubernetes import pods
from lab.providers.kubernetes.chart_values import needs
from lab.providers.kubernetes.cluster import RELEASES
from lab.providers.kubernetes.workloads import WORKLOADS
from lab.providers.operators import reloader
from lab.providers.vault import api
from lab.success.evidence import Evidence, Metric
from lib.names import SystemNamespace
from lib.secrets import Reader, SecretDeclaration
from register.secrets import declare
from register.services import SERVICES

_APPLICATIONS: Final = (
    SystemNamespace.AUTHENTIK,
    SystemNamespace.DATABASES,
    *(service.namespace for service in SERVICES),
)
# Where a browser is sent back to after the login is no address that the pod connects to.
_NO_CONNECTION: Final = ("REDIRECT_URI", "REDIRECT_URIS")
_ROLE: Final = "vault:kubernetes/authBackendRole:AuthBackendRole"


def no_direct_vault(evidence: Evidence) -> Metric:
    """Whether an application knows Vault's address, or Vault would let one of its accounts in."""
    declared = (space for one in evidence.settings.identity.applications.values() for space in one.namespaces)
    judged = {}
    for namespace in dict.fromkeys((*map(str, _APPLICATIONS), *declared)):
        if evidence.cluster.has_namespace(namespace):
            judged[namespace] = "; ".join([*_mentions(evidence, namespace), *_admitted(evidence, namespace)])
    proof = "namespaces of applications: no pod names Vault, and no role of Vault names their accounts"
    return Metric("no application talks to Vault", judged, proof)


def _mentions(evidence: Evidence, namespace: str) -> Iterator[str]:
    settings = evidence.settings
    addresses = (settings.vault.host, str(settings.network.load_balancers.vault), f".{SystemNamespace.VAULT}.svc")
    pattern = re.compile("|".join([r"\bVAULT_[A-Z]+", r"vault\.hashicorp\.com", *map(re.escape, addresses)]))
    for name, value in _running(evidence, namespace):
        found = next((match[0] for text in _texts(value) if (match := pattern.search(text))), None)
        if found:
            yield f"{name} names {found}"


def _running(evidence: Evidence, namespace: str) -> Iterator[tuple[str, Any]]:
    for kind in (*WORKLOADS, "batch/CronJob", "batch/Job"):
        for obj in evidence.cluster.each(kind, namespace):
            yield f"{obj['kind']} {obj['metadata']['name']}", pods.pod_template(obj)
    for release in evidence.cluster.world.view(RELEASES).values():
        if release["namespace"] == namespace:
            yield f"release {release['name']}", release["values"]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        if value.get("name") not in _NO_CONNECTION:
            for key, item in value.items():
                yield str(key)
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _admitted(evidence: Evidence, namespace: str) -> Iterator[str]:
    for record in evidence.cluster.world.view(api.TABLE).values():
        bound = record["inputs"].get("boundServiceAccountNamespaces") or [] if record["token"] == _ROLE else []
        if namespace in bound or "*" in bound:
            yield f"role {record['inputs'].get('roleName')} of Vault lets its accounts in"


def rotation(evidence: Evidence) -> Metric:
    """Whether each secret arrived, and a new value would reach whoever lives off it."""
    judged: dict[str, str] = {}
    for declaration in declare(evidence.settings):
        for reader in declaration.readers:
            problem = _arrived(evidence, reader) or _taken_up(evidence, declaration, reader)
            judged[str(reader)] = judged.get(str(reader)) or problem
    proof = "each Secret is synced; Reloader would restart its users, or they follow as declared; nothing was rotated"
    return Metric("secrets rotate through External Secrets", judged, proof)


def _arrived(evidence: Evidence, reader: Reader) -> str:
    cluster = evidence.cluster
    wanted = cluster.look("external-secrets.io/ExternalSecret", reader.namespace, reader.secret)
    if wanted is None:
        return "there is no ExternalSecret"
    conditions = (wanted.get("status") or {}).get("conditions") or []
    ready: Mapping[str, Any] = next((one for one in conditions if one["type"] == "Ready"), {})
    if ready.get("status") != "True":
        return f"not synced: {ready.get('message', 'not yet')}"
    places = (reader.namespace, *reader.reflect_to)
    missing = [place for place in places if not cluster.exists("Secret", place, reader.secret)]
    return f"there is no Secret in {', '.join(missing)}" if missing else ""


def _taken_up(evidence: Evidence, declaration: SecretDeclaration, reader: Reader) -> str:
    if declaration.permanent or reader.follows:
        return ""
    if not reader.restarts:
        users = list(_users(evidence, reader))
        return f"{users[0]} uses it, and nobody is declared to take up a new value" if users else ""
    restarted = list(reloader.users(evidence.cluster, "Secret", reader.namespace, reader.secret))
    return "" if restarted else f"Reloader would not restart {', '.join(reader.restarts)}"


def _users(evidence: Evidence, reader: Reader) -> Iterator[str]:
    """What runs on the Secret; a Job is over, and reads it anew when it runs again."""
    for name, value in _running(evidence, reader.namespace):
        used = any((need.kind, need.name) == ("Secret", reader.secret) for need in needs(value))
        if used and not name.startswith("Job "):
            yield name
