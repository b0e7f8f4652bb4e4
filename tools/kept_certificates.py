"""Certificates of Let's Encrypt outlive their cluster: they are kept as a secret of the stack, of which the next one
gets them back (docs/adr/0039). A cluster that is made anew again and again would otherwise order the same ones each
time, and Let's Encrypt signs five times a week for the same names.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components.acme.names import KEPT_CERTIFICATES, account
from lib.last_update import not_after
from lib.names import SystemNamespace
from register.certificates import certificates
from settings.model import Settings
from tools.cluster import Api, ClusterError, api_of
from tools.state import Engine, StateError

_OF_CERT_MANAGER = "cert-manager.io/"


def keep(settings: Settings, engine: Engine, say: Callable[[str], object]) -> None:
    """Write what the cluster has into the file of the stack, encrypted, and say until when it lasts."""
    if not settings.certificates.acme:
        return
    try:
        cluster = api_of(engine.state(decrypted=True) or {})
        found = list(_found(settings, cluster)) if cluster is not None else []
        before = json.loads(engine.call("config", "--json", "--show-secrets")).get(f"home-cluster:{KEPT_CERTIFICATES}")
        known = {one["metadata"]["name"]: one for one in json.loads((before or {}).get("value") or "[]")}
        kept = list((known | {one["metadata"]["name"]: one for one in found}).values())
        if kept != list(known.values()):
            engine.call("config", "set", "--secret", KEPT_CERTIFICATES, given=json.dumps(kept))
    except (ClusterError, StateError) as error:
        say(f"the certificates of {settings.certificates.issuer} are not kept: {error}")
        return
    ends = sorted((_end(one), one["metadata"]["name"]) for one in found if "tls.crt" in one["stringData"])
    if ends:
        first, name = ends[0]
        say(f"{len(ends)} certificates are kept in the file of the stack; the first, {name}, ends {first[:10]}")


def _found(settings: Settings, cluster: Api) -> Iterator[Mapping[str, Any]]:
    """Secrets that are there, as they are put back: without what Kubernetes knows of them."""
    issuer = settings.certificates.issuer
    for name in (account(issuer), *(one.name for one in certificates(settings))):
        secret = cluster.look(f"/api/v1/namespaces/{SystemNamespace.CERT_MANAGER}/secrets/{name}")
        data = {key: base64.b64decode(value).decode() for key, value in (secret or {}).get("data", {}).items() if value}
        if secret is None or "tls.key" not in data:
            continue
        annotations = secret["metadata"].get("annotations") or {}
        own = {key: value for key, value in annotations.items() if key.startswith(_OF_CERT_MANAGER)}
        yield {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "annotations": own},
            "type": secret["type"],
            "stringData": data,
        }


def _end(secret: Mapping[str, Any]) -> str:
    return not_after(base64.b64encode(secret["stringData"]["tls.crt"].encode()).decode())
