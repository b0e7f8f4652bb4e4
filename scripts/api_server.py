"""Waits until Kubernetes API servers answer as ready, and nodes where they are named.

Runs on the machine that deploys: between the bootstrap of etcd and the first use of the API, because the Kubernetes
provider asks for the version of the server once, when it starts, and takes a cluster that does not answer then for
unreachable; and before and after the configuration of a running node changes.

On the own address of a control plane /readyz speaks for its own member of etcd too, with a quorum behind it: Talos
gives each API server that one alone (`etcd-servers`, control_plane_static_pod.go).

Environment: API_SERVERS (https URLs between commas), and in base64 of PEM CA_CERTIFICATE, CLIENT_CERTIFICATE and
CLIENT_KEY, as in a kubeconfig; SECONDS_TO_WAIT. May be missing: NODES (names between commas, which the first server is
asked for), VERSION (such as v1.36.3, of that server and of the kubelets of these nodes), SECONDS_TO_HOLD (how long all
must be well on end: a reboot begins only after Talos has taken a configuration).
Exits 0 when all is well, 1 with the last reason when the time is over.
"""

import base64
import json
import os
import ssl
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

RUNBOOK = "docs/runbooks/nodes.md#the-kubernetes-api-does-not-answer"
PAUSE_SECONDS = 5.0
REQUEST_SECONDS = 10
SILENT_SECONDS = 25.0
"""A kubelet renews its lease every ten seconds, and a node that has stopped counts as Ready for most of a minute."""


def tls_context(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Trusts the cluster's CA alone and presents the client certificate."""
    context = ssl.create_default_context(cadata=_pem(environment, "CA_CERTIFICATE").decode())
    # On since Python 3.13; Kubernetes does not ask its own CA for every field of RFC 5280, so neither does this.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # The ssl module reads a key only from a file.
    with tempfile.TemporaryDirectory() as directory:
        pair = Path(directory) / "client.pem"
        pair.touch(mode=0o600)
        pair.write_bytes(_pem(environment, "CLIENT_CERTIFICATE") + b"\n" + _pem(environment, "CLIENT_KEY"))
        context.load_cert_chain(pair)
    return context


def _pem(environment: Mapping[str, str], name: str) -> bytes:
    return base64.b64decode(environment[name])


def names(environment: Mapping[str, str], name: str) -> list[str]:
    """What stands between commas."""
    return [part for part in environment.get(name, "").split(",") if part]


class NotReadyError(Exception):
    """What is not as it should be, as the rest of a sentence about the cluster."""


class MissingError(NotReadyError):
    """There is no such object, or no such kind."""


@dataclass
class Cluster:
    """API servers, and nodes that the first of them is asked for."""

    servers: list[str]
    context: ssl.SSLContext
    nodes: list[str] = field(default_factory=list)
    version: str = ""
    _renewed: dict[str, tuple[str, float]] = field(default_factory=dict)

    def problem(self) -> str | None:
        """None when all is well, else the first thing that is not."""
        try:
            for server in self.servers:
                self._ask(f"{server}/readyz")
            if self.version:
                found = json.loads(self._ask(f"{self.servers[0]}/version"))["gitVersion"]
                self._same(self.servers[0], found)
            for node in self.nodes:
                self._check(node)
        except NotReadyError as error:
            return str(error)
        return None

    def _check(self, name: str) -> None:
        node = self.object(f"/api/v1/nodes/{name}")
        ready = [one for one in node["status"]["conditions"] if one["type"] == "Ready"]
        if not ready or ready[0]["status"] != "True":
            message = ready[0].get("message", "") if ready else "no condition yet"
            raise NotReadyError(f"node {name} is not Ready: {message}")
        if self.version:
            self._same(f"the kubelet of {name}", node["status"]["nodeInfo"]["kubeletVersion"])
        lease = self.object(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}")
        renewed, now = lease["spec"]["renewTime"], time.monotonic()
        if self._renewed.get(name, ("", now))[0] != renewed:
            self._renewed[name] = (renewed, now)
        silent = now - self._renewed[name][1]
        if silent > SILENT_SECONDS:
            raise NotReadyError(f"the kubelet of {name} is silent for {silent:.0f} s")

    def _same(self, what: str, found: str) -> None:
        if found != self.version:
            raise NotReadyError(f"{what} is of {found}, not yet of {self.version}")

    def object(self, path: str) -> dict[str, Any]:
        """An object or a list, from the first server. Raises NotReadyError."""
        found: dict[str, Any] = json.loads(self._ask(f"{self.servers[0]}{path}"))
        return found

    def patch(self, path: str, change: Mapping[str, Any]) -> None:
        """Merges a change into an object, on the first server. Raises NotReadyError."""
        headers, body = {"Content-Type": "application/merge-patch+json"}, json.dumps(change).encode()
        self._ask(urllib.request.Request(f"{self.servers[0]}{path}", body, headers, method="PATCH"))

    def _ask(self, asked: str | urllib.request.Request) -> bytes:
        url = asked if isinstance(asked, str) else asked.full_url
        try:
            with urllib.request.urlopen(asked, timeout=REQUEST_SECONDS, context=self.context) as response:
                body: bytes = response.read()
        except urllib.error.HTTPError as error:
            reason = error.read(500).decode(errors="replace").strip()
            kind = MissingError if error.code == HTTPStatus.NOT_FOUND else NotReadyError
            raise kind(f"{url} answers {error.code}: {reason}") from None
        except OSError as error:  # refused, no route yet, timed out, or a certificate that does not fit
            raise NotReadyError(f"{url} does not answer: {error}") from None
        return body


def wait(
    problem: Callable[[], str | None], seconds: float, hold: float = 0, pause: float = PAUSE_SECONDS
) -> str | None:
    """Asks until there was no problem for `hold` seconds on end or the time is over; the last problem in that case."""
    deadline = time.monotonic() + seconds
    last, since = "nothing was asked", None
    while True:
        reason, now = problem(), time.monotonic()
        if reason is None:
            since = now if since is None else since
            if now - since >= hold:
                return None
        else:
            last, since = reason, None
        if now + pause > deadline:
            return last if since is None else f"all was well only for the last {now - since:.0f} s; before: {last}"
        time.sleep(pause)


def main(environment: Mapping[str, str]) -> int:
    """Exit code of the probe."""
    servers, seconds = names(environment, "API_SERVERS"), float(environment["SECONDS_TO_WAIT"])
    wrong = [server for server in servers if not server.startswith("https://")]
    if wrong or not servers:
        print(f"API_SERVERS {','.join(wrong)}: is no https URL", file=sys.stderr)
        return 1
    servers = [server.rstrip("/") for server in servers]
    nodes, version = names(environment, "NODES"), environment.get("VERSION", "")
    cluster = Cluster(servers, tls_context(environment), nodes, version)
    reason = wait(cluster.problem, seconds, float(environment.get("SECONDS_TO_HOLD", "0")))
    if reason is not None:
        print(
            f"The Kubernetes API at {' and '.join(servers)} is not ready after {seconds:.0f} s: {reason}. "
            "The virtual address exists once etcd has a leader: look at `talosctl service etcd` and "
            "`talosctl get members` on the control planes, and whether this machine reaches the node network.\n"
            f"runbook: {RUNBOOK}",
            file=sys.stderr,
        )
        return 1
    print(" ".join([*servers, *nodes, "ready"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
