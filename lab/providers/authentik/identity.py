"""A running Authentik: who answers at its URL, which token it takes, which applications it serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from lab.providers.authentik import blueprints, objects, refusals
from lab.providers.kubernetes.cluster import RELEASES, Cluster
from lab.providers.kubernetes.endpoints import UnreachableError, locate
from lab.providers.kubernetes.pods import environment
from lab.world import Record

ROWS: Final = "authentik/blueprints"
APPLIED: Final = "authentik/applied"
SETTINGS: Final = "authentik/settings"
WORKER: Final = "authentik/worker"
_PACKAGED: Final = 50

# authentik/tenants/api/settings.py, with the defaults of authentik/tenants/models.py; flags are left out.
_SYSTEM_SETTINGS: Final[Mapping[str, Any]] = {
    "avatars": "gravatar,initials",
    "default_user_change_name": True,
    "default_user_change_email": False,
    "default_user_change_username": False,
    "event_retention": "days=365",
    "reputation_lower_limit": -5,
    "reputation_upper_limit": 5,
    "footer_links": [],
    "gdpr_compliance": True,
    "impersonation": True,
    "impersonation_require_reason": True,
    "default_token_duration": "days=1",
    "default_token_length": 60,
    "pagination_default_page_size": 20,
    "pagination_max_page_size": 100,
}

_BOOTSTRAP_TOKEN: Final = "AUTHENTIK_BOOTSTRAP_TOKEN"
_ISSUER_PREFIX: Final = "/application/o/"
_PACKAGED_ROOT: Final = "/blueprints/"


def server(cluster: Cluster, url: str) -> Record:
    """The release of the Authentik that answers at a URL. Raises UnreachableError."""
    backend = locate(cluster, url)
    release = cluster.world.get(RELEASES, f"{backend.namespace}/{backend.name}")
    if release is None or release["chart"] != "authentik":
        raise UnreachableError(f"{url}: 404 Not Found (that is no Authentik)")
    return release


def token_is_valid(cluster: Cluster, release: Mapping[str, Any], token: str) -> bool:
    """Whether a token is the bootstrap token that the worker was started with."""
    values, namespace = release["values"], str(release["namespace"])
    for part in (values.get("global") or {}, values.get("worker") or {}):
        known = environment(cluster, namespace, {"name": "worker", **part})
        if _BOOTSTRAP_TOKEN in known:
            return known[_BOOTSTRAP_TOKEN] == token
    return False


def packaged_runs(cluster: Cluster, release: Mapping[str, Any]) -> int:
    """Blueprints that came with the chart and wait for the worker: all of them after an installation or upgrade."""
    applied = cluster.world.view(WORKER).get(str(release["namespace"]))
    chart = release["inputs"].get("version")
    return 0 if applied is not None and applied["version"] == chart else _PACKAGED


def work(cluster: Cluster, release: Mapping[str, Any]) -> None:
    """The worker applies them."""
    cluster.world.put(WORKER, str(release["namespace"]), {"version": release["inputs"].get("version")})


def system_settings(cluster: Cluster) -> dict[str, Any]:
    """The system settings as they are."""
    found = dict(_SYSTEM_SETTINGS)
    for record in cluster.world.view(SETTINGS).values():
        found |= record
    return found


def file_of(cluster: Cluster, release: Mapping[str, Any], path: str) -> str | None:
    """Content of the blueprint file of a row; None while the worker does not see it."""
    return blueprints.worker_files(cluster, release).get(f"{_PACKAGED_ROOT}{path}")


def apply_row(cluster: Cluster, release: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Apply the blueprint of a row; the status Authentik shows: `successful`, or `error: …`."""
    text = row.get("content") or file_of(cluster, release, str(row.get("path", "")))
    if not text:
        return "error: Failed to find or initialize blueprint"
    files = blueprints.worker_files(cluster, release)
    try:
        made = blueprints.apply(text, files, _known(cluster))
    except refusals.BlueprintError as error:
        return f"error: {error}"
    _forget(cluster, blueprints.removed(text))
    record = {
        "hash": blueprints.digest(text),
        "made": made,
        "context": row.get("context", "{}"),
        **objects.made(blueprints.parse(text)["entries"], files),
    }
    cluster.world.put(APPLIED, str(row.get("path") or row["name"]), record, sealed=True)
    return "successful"


def _forget(cluster: Cluster, gone: Mapping[str, set[str]]) -> None:
    """Take what a blueprint deletes away from those that made it."""
    for path, record in cluster.world.table(APPLIED).items():
        kept = {model: [n for n in names if n not in gone.get(model, set())] for model, names in record["made"].items()}
        if kept != record["made"]:
            cluster.world.put(APPLIED, path, {**record, "made": kept}, sealed=True)


def _known(cluster: Cluster) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {}
    for record in cluster.world.view(APPLIED).values():
        for model, names in record["made"].items():
            known.setdefault(model, set()).update(names)
    return known


def providers(cluster: Cluster, model: str) -> list[Record]:
    """Every provider of a model that a blueprint made and none has deleted since, as `objects.made` has them."""
    there = _known(cluster).get(model, set())
    return [
        one
        for record in cluster.world.view(APPLIED).values()
        for name, one in record["providers"].items()
        if name in there and name in record["made"].get(model, ())
    ]


def discovery_problem(cluster: Cluster, issuer: str) -> str | None:
    """Why the OIDC discovery below an issuer does not answer as wanted; None when it does."""
    try:
        server(cluster, issuer)
    except UnreachableError as error:
        return f'Get "{issuer}": {error}'
    path = urlsplit(issuer).path
    slug = path.removeprefix(_ISSUER_PREFIX).rstrip("/")
    if not path.startswith(_ISSUER_PREFIX) or slug not in _known(cluster).get("authentik_core.application", set()):
        return f'Get "{issuer}": 404 Not Found: no application {slug!r}'
    if not path.endswith("/"):
        return f'oidc: issuer did not match the issuer returned by provider, expected "{issuer}" got "{issuer}/"'
    return None
