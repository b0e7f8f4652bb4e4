"""What stands below the table: nodes, certificates, secrets, Flux and the last update."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from lib.last_update import EXPIRY
from lib.secret_state import created_at, outputs
from lib.secrets import SecretDeclaration
from settings.model import Settings
from tools.cluster import ClusterError
from tools.doctor.proxmox_api import ProxmoxError
from tools.state import Engine, State, StateError
from tools.status.objects import Cluster

_SOON = timedelta(days=21)
"""cert-manager and an update renew earlier: what is left with less was not renewed."""


class Proxmox(Protocol):
    """The API, as tools.doctor.proxmox_api.ProxmoxApi has it."""

    def get(self, path: str, /, **query: str | int) -> Any:
        """`data` of the answer; raises ProxmoxError."""


def last_update(engine: Engine) -> tuple[bool, str]:
    """Whether the last update failed, and a line about it."""
    try:
        history = json.loads(engine.call("stack", "history", "--json", "--page-size", "5"))
    except (StateError, ValueError):
        return False, "last update: nobody can tell"
    updates = [one for one in history or () if one.get("kind") == "update"]
    if not updates:
        return False, "last update: none yet"
    failed = updates[0].get("result") != "succeeded"
    ended = str(updates[0].get("endTime") or updates[0].get("startTime") or "")
    return failed, f"last update: {updates[0].get('result')}, {ended}"


def drift(engine: Engine) -> str:
    """What `make drift` found last, on this machine."""
    try:
        found = json.loads((engine.results / "drift.json").read_text(encoding="utf-8"))
        return f"drift: {found['summary']}, {found['time']}"
    except (OSError, ValueError, KeyError):
        return "drift: never looked for here (`make drift`)"


def nodes(cluster: Cluster, settings: Settings) -> Iterator[str]:
    """Each node with its release, and what is odd about it."""
    wanted = settings.talos.kubernetes_version if settings.talos is not None else ""
    for one in sorted(cluster.get("/api/v1/nodes")["items"], key=lambda node: str(node["metadata"]["name"])):
        conditions = {it["type"]: it["status"] for it in one.get("status", {}).get("conditions") or ()}
        info = one.get("status", {}).get("nodeInfo") or {}
        version = str(info.get("kubeletVersion", ""))
        odd = "" if conditions.get("Ready") == "True" else ", not Ready"
        odd += ", cordoned" if (one.get("spec") or {}).get("unschedulable") else ""
        odd += f", the stack file says v{wanted}" if wanted and version and version.lstrip("v") != wanted else ""
        system = f", {info['osImage']}" if info.get("osImage") else ""
        yield f"node {one['metadata']['name']}: {version or 'of a release that nobody can tell'}{system}{odd}"


def reboots(proxmox: Proxmox, settings: Settings) -> Iterator[str]:
    """Machines with a change that the next start takes: a key with `pending` or `delete` (vm_pending, Qemu.pm)."""
    machines = settings.talos.nodes if settings.talos is not None else ()
    try:
        hosts = {int(one["vmid"]): one["node"] for one in proxmox.get("cluster/resources", type="vm")}
        for node in machines:
            if node.vm_id not in hosts:
                yield f"machine {node.name}: Proxmox shows the token no VM {node.vm_id}"
                continue
            found = proxmox.get(f"nodes/{hosts[node.vm_id]}/qemu/{node.vm_id}/pending")
            if waiting := sorted(one["key"] for one in found if "pending" in one or one.get("delete")):
                yield f"machine {node.name}: a reboot is pending ({', '.join(waiting)})"
    except ProxmoxError as error:
        yield f"pending reboots: nobody can tell ({error})"


def certificates(cluster: Cluster, state: State, now: datetime) -> Iterator[str]:
    """The certificate that ends first, of the cluster's and of the administrator's."""
    ends: list[tuple[datetime, str]] = []
    for namespace in sorted(_certificate_namespaces(state)):
        for one in cluster.get(f"/apis/cert-manager.io/v1/namespaces/{namespace}/certificates")["items"]:
            end = (one.get("status") or {}).get("notAfter")
            if end:
                ends.append((datetime.fromisoformat(end), f"{namespace}/{one['metadata']['name']}"))
    credentials = outputs(state).get(EXPIRY)
    if isinstance(credentials, str):
        ends.append((datetime.fromisoformat(credentials), "the administrator's credentials"))
    if ends:
        end, name = min(ends)
        warning = ", which should have been renewed" if end.astimezone(UTC) - now < _SOON else ""
        yield f"certificates: the first ends {end:%Y-%m-%d} ({name}){warning}"


def _certificate_namespaces(state: State) -> set[str]:
    found = (state.get("deployment") or {}).get("resources") or ()
    certificates_of = (one for one in found if one["type"] == "kubernetes:cert-manager.io/v1:Certificate")
    return {
        str(one["outputs"]["metadata"]["namespace"])
        for one in certificates_of
        if "metadata" in (one.get("outputs") or {})
    }


def secrets(state: State, declarations: Sequence[SecretDeclaration], now: datetime) -> str:
    """How old the oldest value is that may be rotated."""
    rotated = [one for one in declarations if not one.permanent]
    made = created_at(state, rotated)
    if not made:
        return "secrets: none was made yet"
    path = min(made, key=lambda one: made[one])
    return f"secrets: the oldest of {len(made)} is {path}, {(now - made[path]).days} days (`make secrets`)"


def flux(cluster: Cluster, settings: Settings) -> Iterator[str]:
    """The revision that Flux applied, or why it does not."""
    if not settings.gitops.enabled or settings.gitops.sync is None:
        return
    try:
        report: Any = cluster.get("/apis/fluxcd.controlplane.io/v1/namespaces/flux-system/fluxreports/flux")
    except ClusterError as error:
        yield f"flux: has not reported yet ({error})"
        return
    sync = report["spec"].get("sync") or {}
    yield f"flux: {' '.join(str(sync.get('status', 'has not reported on its repository yet')).split())}"
