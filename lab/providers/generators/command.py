"""The `command` package. The lab never executes anything: it knows what the program's one script waits for.

That is scripts/api_server.py, as a resource (the gate before Kubernetes is used) and as a function (before and after
the configuration of a running node changes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, ClassVar

from lab.providers.base import Call, Result
from lab.providers.errors import RefusedError
from lab.providers.generators.base import StateOnly
from lab.providers.kubernetes.cluster import CLUSTERS
from lab.providers.package import Function, Package
from lab.providers.talos import nodes
from lab.providers.wire import Properties


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
        """Find the bootstrapped cluster that the command's text, input or variables name, and let its API answer."""
        world = call.site.world
        texts = list(_texts(inputs))
        for server, record in world.table(CLUSTERS).items():
            host = server.split("//", 1)[-1].rsplit(":", 1)[0]
            if any(host in text for text in texts):
                for address, node in world.table(nodes.NODES).items():
                    if node["config"]["machine"]["type"] == "controlplane":
                        nodes.bring_up(call.site, address)
                if world.table(nodes.NODES) and not nodes.has_quorum(world, server):
                    raise RefusedError(
                        f"exit status 1: the Kubernetes API at {server} is not ready: etcd has no leader"
                    )
                world.put(CLUSTERS, server, {**record, "answers": True, "lost": False})
                return {**inputs, "stdout": "", "stderr": ""}
        raise RefusedError(
            "exit status 1: no bootstrapped Kubernetes API is named by this command: running it timed out"
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


class LocalRun(Function):
    """The same script, run once: whether control planes, nodes and the cluster are well."""

    token = "command:local:run"
    optional = frozenset({"command", "interpreter", "stdin", "environment", "dir"})

    def invoke(self, call: Call, arguments: Properties) -> Properties:
        """Nodes that are down come back meanwhile, if they can."""
        environment: Mapping[str, str] = arguments["environment"]
        known = call.site.world.table(nodes.NODES)
        wanted = {name for name in environment.get("NODES", "").split(",") if name}
        addresses = {name: address for address, one in known.items() if (name := one["name"]) in wanted}
        missing = sorted(wanted - addresses.keys())
        missing += [name for name, address in addresses.items() if not nodes.bring_up(call.site, address)]
        for server in environment["API_SERVERS"].split(","):
            address = server.removeprefix("https://").partition(":")[0]
            if address in known:
                missing += [] if nodes.bring_up(call.site, address) else [server]
            elif not (call.site.world.get(CLUSTERS, server) or {}).get("answers"):
                missing.append(server)
        if missing:
            reason = f"not ready after {environment['SECONDS_TO_WAIT']} s: {', '.join(missing)}"
            raise RefusedError(f"exit status 1: running {arguments['command']!r}:\n{reason}")
        return {**arguments, "stdout": "ready", "stderr": ""}


def package() -> Package:
    """The package with its resource type and its function."""
    kind, run = LocalCommand(), LocalRun()
    return Package("command", "pulumi_command", version("pulumi_command"), {kind.token: kind}, {run.token: run})
