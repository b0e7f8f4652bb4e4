"""The `command` package: the program's scripts on the machine that deploys run themselves.

Edge servers are simulated as far as that they can be reached; tests/real/edge runs what is sent to them.

That is scripts/api_server.py, as a resource (the gate before Kubernetes is used) and as a function (before and after
the configuration of a running node changes), and scripts/talos_upgrade.py, as a function.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from cryptography import x509

from doubles.kubernetes_api import KubernetesApi
from doubles.loopback import Reply, Request
from lab.checkout import ROOT
from lab.providers.base import Call, Resource, Result
from lab.providers.certificates import signed
from lab.providers.errors import RefusedError
from lab.providers.generators.base import StateOnly
from lab.providers.kubernetes.access import fingerprint
from lab.providers.kubernetes.api_server import State
from lab.providers.kubernetes.cluster import CLUSTERS, Cluster
from lab.providers.package import Function, Package
from lab.providers.talos import nodes, talosctl
from lab.providers.talos.talosctl import Talosctl
from lab.providers.wire import Properties
from lab.scripts.network import Tls
from lab.scripts.sandbox import Pod, run
from lab.site import Site

_SCRIPT: Final = ROOT / "scripts" / "api_server.py"
_STDIN: Final = "/checkout/-"
_UPGRADE: Final = "scripts.talos_upgrade"
_WORDS_OF_A_KEY: Final = 2


def _execute(site: Site, inputs: Mapping[str, Any]) -> str:
    """What the script prints. Raises RefusedError where it fails, and for whatever is none of the program's."""
    main, files = _script(inputs)
    cluster = Cluster(site)
    pod = Pod(
        files=files,
        environment=inputs.get("environment") or {},
        network=_Machine(site, State(cluster)),
        now=cluster.now,
        pause=60.0,  # short enough to be well for as long as the script wants
        meanwhile=lambda: _start(site),
        programs={"talosctl": lambda own, words: Talosctl(site, own).run(words)} if talosctl.version(site) else {},
    )
    ended = run(pod, main)
    if ended.code:
        raise RefusedError(f"exit status {ended.code}: {ended.words}")
    return ended.words


def _script(inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    """The script and its files: from standard input, or a module of the checkout."""
    text = _SCRIPT.read_text(encoding="utf-8")
    if inputs.get("stdin") == text:
        return _STDIN, {_STDIN: text}
    if inputs.get("command") != _UPGRADE or inputs.get("dir") != str(ROOT) or inputs["interpreter"][1:] != ["-m"]:
        raise RefusedError("exit status 1: the lab knows the program's two commands and no other")
    main = f"/checkout/{_UPGRADE.replace('.', '/')}.py"
    upgrade = _SCRIPT.with_name("talos_upgrade.py").read_text(encoding="utf-8")
    return main, {main: upgrade, "/checkout/scripts/scripts/api_server.py": text}


def _start(site: Site) -> None:
    """Nodes that are down come back, if they can, and API servers that were bootstrapped start."""
    for address in site.world.keys(nodes.NODES):
        nodes.bring_up(site, address)
    for server, record in site.world.table(CLUSTERS).items():
        if not site.world.keys(nodes.NODES) or nodes.has_quorum(site.world, server):
            site.world.put(CLUSTERS, server, {**record, "answers": True, "lost": False})


@dataclass(frozen=True)
class _Machine:
    """What the machine that deploys reaches: API servers, on the virtual address and on those of control planes."""

    site: Site
    state: State

    def respond(self, url: str, request: Request, tls: Tls | None) -> Reply:
        """The answer of an API server to the administrator. Raises OSError."""
        record = self._record(url)
        if not record["answers"]:
            raise OSError("connection refused")
        if tls is None or record.get("authority", "") not in ("", _digest(tls.trusted)):
            raise OSError("certificate verify failed: unable to get local issuer certificate")
        if request.method == "PATCH" and _signed(tls):
            return self._cordon(request)
        return KubernetesApi(self.state).respond(request, "admin" if _signed(tls) else None)

    def _cordon(self, request: Request) -> Reply:
        """Takes the one change that the administrator makes: whether a node takes new pods."""
        world, name = self.site.world, request.path.removeprefix("/api/v1/nodes/")
        spec, kind = json.loads(request.body)["spec"], request.headers.get("Content-type")
        found = [(address, one) for address, one in world.table(nodes.NODES).items() if one["name"] == name]
        if not found or spec.keys() != {"unschedulable"} or kind != "application/merge-patch+json":
            return Reply(422, f"{name}: {spec} of {kind} is no change that the lab knows")
        ((address, node),) = found
        world.put(nodes.NODES, address, {**node, "cordoned": spec["unschedulable"]}, sealed=True)
        return Reply(200, {})

    def _record(self, url: str) -> Mapping[str, Any]:
        parts = urlsplit(url)
        node = self.site.world.get(nodes.NODES, parts.hostname or "")
        server = f"https://{parts.netloc}" if node is None else nodes.server_of(node)
        found = self.site.world.get(CLUSTERS, server)
        if found is None or (node or {}).get("down"):
            raise OSError("no route to host")
        return found

    def greeting(self, host: str, port: int) -> bytes:
        """Nothing but API servers."""
        raise OSError("connection refused")


def _digest(authority: str) -> str:
    return fingerprint(base64.b64encode(authority.encode()).decode())


def _signed(tls: Tls) -> bool:
    """Whether the client's certificate is one of the cluster's authority."""
    client, authority = (x509.load_pem_x509_certificate(pem.encode()) for pem in (tls.certificate, tls.trusted))
    return signed(client, authority)


class LocalCommand(StateOnly):
    """A gate on the machine that deploys: it ends once the Kubernetes API it names answers."""

    token = "command:local:Command"
    module: ClassVar[str] = "pulumi_command"

    def diff(self, call: Call, olds: Properties, news: Properties) -> Any:
        """New triggers replace; whatever else changes runs the command again."""
        plain = super(StateOnly, self).diff(call, olds, news)
        return type(plain)(plain.changes, tuple(path for path in plain.changes if path == "triggers"))

    def update(self, call: Call, identifier: str, olds: Properties, news: Properties) -> Result:
        """Run it again: without an `update` of its own that is `create`."""
        return Result(identifier, self.outputs(call, identifier, news))

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """Runs the script; the state keeps no word of it."""
        _execute(call.site, inputs)
        return {**inputs, "stdout": "", "stderr": ""}


class RemoteCommand(Resource):
    """What is sent to a server in the internet, by whoever has an SSH key and knows that of the server (connection.go).

    The script runs for real in tests/real/edge; a server of the lab takes every configuration.
    """

    token = "command:remote:Command"
    module = "pulumi_command"
    table = "edge servers"
    replace_on = frozenset({"triggers"})

    def identify(self, call: Call, inputs: Properties) -> str:
        """An id of its own."""
        return call.digest()[:16]

    def admit(self, call: Call, inputs: Properties) -> None:
        """The handshake."""
        connection = inputs["connection"]
        if len(str(connection.get("hostKey", "")).split()) != _WORDS_OF_A_KEY:
            raise RefusedError("failed to parse host key: ssh: no key found")
        if "PRIVATE KEY" not in str(connection.get("privateKey", "")):
            raise RefusedError("ssh: no key found")

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """The script prints nothing when it succeeds."""
        return {**inputs, "stdout": "", "stderr": ""}


class LocalRun(Function):
    """The same script, run once: whether control planes, nodes and the cluster are well."""

    token = "command:local:run"
    optional = frozenset({"command", "interpreter", "stdin", "environment", "dir"})

    def invoke(self, call: Call, arguments: Properties) -> Properties:
        """Runs the script."""
        return {**arguments, "stdout": _execute(call.site, arguments), "stderr": ""}


def package() -> Package:
    """The package with its resource type and its function."""
    kinds, run_once = (LocalCommand(), RemoteCommand()), LocalRun()
    return Package(
        "command",
        "pulumi_command",
        version("pulumi_command"),
        {kind.token: kind for kind in kinds},
        {run_once.token: run_once},
    )
