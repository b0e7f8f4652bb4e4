"""Brings a running node to another Talos, and waits until it and what the platform stores stand again.

Runs on the machine that deploys, before the configuration of the node changes (components/talos/rollout.py), with the
talosctl it finds there, which pulls and installs the image, cordons and drains the node within the disruption budgets,
reboots it, waits for it and lets pods onto it again (siderolabs/talos v1.13.7, cmd/talosctl/cmd/talos/upgrade.go). Left
to the caller: nobody asks etcd any more (internal/app/lifecycle/lifecycle.go), and a drain that fails leaves the node
cordoned, with the new Talos for its next boot (siderolabs/talos#13802).

Environment: API_SERVERS, SECONDS_TO_WAIT and the certificates as in api_server.py; the first server must not be on the
node itself, unless it is the only one. NODE, ADDRESS, ENDPOINT (of a control plane), IMAGE (`…/<schematic>:<tag>`),
DRAIN (`true`, or `false` where pods have nowhere to go), TALOS_CA, TALOS_CERTIFICATE and TALOS_KEY (base64, as in a
talosconfig), SECONDS_TO_RETURN.
Exits 0 once the node runs the image and all is well; 1 with the reason and with the Talos of every node.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.api_server import Cluster, MissingError, NotReadyError, names, tls_context, wait

RUNBOOK = "docs/runbooks/nodes.md#an-upgrade-of-talos-stopped"
OLDEST_TALOSCTL = (1, 13)
"""Drains before it reboots, and knows the upgrade call that takes the image from the node's own store."""
SCHEMATIC = "extensions.talos.dev/schematic"
"""Annotation by which Talos says what its image was built from (controllers/k8s/node_annotation_spec.go)."""
VAULT = "app.kubernetes.io/name=vault,component=server"
DRAIN_TIMEOUT = "10m"

_RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)[\w.-]*")


class UpgradeError(Exception):
    """The node must not be upgraded now, or did not come through it. The message says why."""


def image_of(node: Mapping[str, Any]) -> tuple[str, str]:
    """Release and schematic of the Talos that a Node runs, by os-release and its annotation."""
    found = _RELEASE.search(node["status"]["nodeInfo"].get("osImage", ""))
    return found[0] if found else "", node["metadata"].get("annotations", {}).get(SCHEMATIC, "")


def check_way(before: str, after: str) -> None:
    """Raises UpgradeError where Talos tests no such migration: past a minor release, or back to one."""
    old, new = minor(before), minor(after)
    if new < old:
        raise UpgradeError(f"runs {before}, and Talos is not taken back to {after}")
    if new > (old[0], old[1] + 1):
        raise UpgradeError(f"runs {before}, so a release of {old[0]}.{old[1] + 1} comes before {after}")


def minor(release: str) -> tuple[int, int]:
    """(1, 13) of `v1.13.7`. Raises UpgradeError."""
    found = _RELEASE.search(release)
    if found is None:
        raise UpgradeError(f"{release!r} is no release of Talos")
    return int(found[1]), int(found[2])


def unsettled(cluster: Cluster) -> str | None:
    """What is still on its way after pods have moved, or was broken before; None when nothing is."""
    try:
        for one in _items(cluster, "/apis/storage.k8s.io/v1/volumeattachments"):
            if "deletionTimestamp" in one["metadata"] or not one.get("status", {}).get("attached"):
                volume = one["spec"]["source"].get("persistentVolumeName", one["metadata"]["name"])
                return f"volume {volume} is on its way to or from {one['spec']['nodeName']}"
        for one in _items(cluster, "/apis/postgresql.cnpg.io/v1/clusters"):
            name, status = "/".join(one["metadata"][key] for key in ("namespace", "name")), one.get("status", {})
            if status.get("readyInstances") != one["spec"]["instances"]:
                return f"of Postgres {name} {status.get('readyInstances', 0)}/{one['spec']['instances']} are ready"
            if status.get("currentPrimary") != status.get("targetPrimary"):
                return f"the primary of Postgres {name} is moving to {status.get('targetPrimary')}"
        for one in _items(cluster, f"/api/v1/pods?labelSelector={VAULT}"):
            ready = [condition["status"] for condition in one["status"].get("conditions", ()) if _is_ready(condition)]
            if ready != ["True"]:
                return f"Vault's server {one['metadata']['name']} is not ready: sealed, or not started"
    except NotReadyError as error:
        return str(error)
    return None


def _is_ready(condition: Mapping[str, Any]) -> bool:
    return bool(condition["type"] == "Ready")


def _items(cluster: Cluster, path: str) -> list[dict[str, Any]]:
    """Objects of all namespaces; none of a kind that the cluster does not know."""
    try:
        return list(cluster.object(path)["items"])
    except MissingError:
        return []


def upgrade(cluster: Cluster, environment: Mapping[str, str]) -> None:
    """Takes the node to the image, unless it is there already: an earlier update may have been cut off after it.

    Raises:
        UpgradeError: with the reason.
    """
    path, image = f"/api/v1/nodes/{environment['NODE']}", environment["IMAGE"]
    wanted = (image.rpartition(":")[2], image.rpartition(":")[0].rpartition("/")[2])
    node = cluster.object(path)
    if image_of(node) != wanted:
        check_way(image_of(node)[0], wanted[0])
        if reason := wait(lambda: unsettled(cluster), float(environment["SECONDS_TO_WAIT"])):
            raise UpgradeError(f"is not begun with: {reason}")
        try:
            _run_talosctl(environment)
        except UpgradeError:
            # It did not go down, so its pods may come back.
            _answer(lambda: _let_pods_back(cluster, path))
            raise

    def problem() -> str | None:
        found = image_of(cluster.object(path))
        if found != wanted:
            return f"it runs {found[0]} of schematic {found[1][:12]}, not {wanted[0]} of {wanted[1][:12]}"
        return _let_pods_back(cluster, path) or unsettled(cluster)

    if reason := wait(lambda: _answer(problem), float(environment["SECONDS_TO_RETURN"])):
        raise UpgradeError(f"has not come back whole: {reason}")


def _let_pods_back(cluster: Cluster, path: str) -> str | None:
    """Uncordons the node where it and the API servers are well; else what is not."""
    reason = cluster.problem()
    if reason is None and cluster.object(path)["spec"].get("unschedulable"):
        cluster.patch(path, {"spec": {"unschedulable": False}})
    return reason


def _run_talosctl(environment: Mapping[str, str]) -> None:
    program = shutil.which("talosctl")
    if program is None:
        raise UpgradeError("is not begun with: talosctl is not on PATH; install that of the Talos that runs")
    version = subprocess.run([program, "version", "--client", "--short"], capture_output=True, text=True, check=False)
    if minor(version.stdout) < OLDEST_TALOSCTL:
        raise UpgradeError("is not begun with: talosctl is older than 1.13; install that of the Talos that runs")
    keys = {"ca": "TALOS_CA", "crt": "TALOS_CERTIFICATE", "key": "TALOS_KEY"}
    context = {"endpoints": [environment["ENDPOINT"]], **{key: environment[name] for key, name in keys.items()}}
    with tempfile.TemporaryDirectory() as directory:
        talosconfig = Path(directory) / "talosconfig"
        talosconfig.touch(mode=0o600)
        # JSON, which is YAML too.
        talosconfig.write_text(json.dumps({"context": "own", "contexts": {"own": context}}), encoding="utf-8")
        command = [
            *(program, "--talosconfig", str(talosconfig), "--nodes", environment["ADDRESS"], "upgrade"),
            *("--image", environment["IMAGE"], f"--drain={environment['DRAIN']}", "--drain-timeout", DRAIN_TIMEOUT),
            *("--wait", "--timeout", f"{environment['SECONDS_TO_RETURN']}s", "--progress", "plain"),
        ]
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if ended.returncode:
        lines = [line for line in ended.stdout.splitlines() if line.strip()]
        raise UpgradeError(f"was given up by talosctl: {lines[-1] if lines else f'exit code {ended.returncode}'}")


def standing(cluster: Cluster) -> str:
    """The Talos of every node, for whoever has to go on from here."""
    found = {one["metadata"]["name"]: image_of(one)[0] for one in _items(cluster, "/api/v1/nodes")}
    return ", ".join(f"{name} runs {release}" for name, release in sorted(found.items()))


def _answer(asked: Callable[[], str | None]) -> str | None:
    try:
        return asked()
    except NotReadyError as error:
        return str(error)


def main(environment: Mapping[str, str]) -> int:
    """Exit code of the upgrade."""
    cluster = Cluster(names(environment, "API_SERVERS"), tls_context(environment), [environment["NODE"]])
    try:
        upgrade(cluster, environment)
    except (UpgradeError, NotReadyError) as error:
        told = _answer(lambda: standing(cluster))
        print(f"{environment['NODE']} {error}. Where it stands: {told}\nrunbook: {RUNBOOK}", file=sys.stderr)
        return 1
    print(f"{environment['NODE']} runs {environment['IMAGE']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
