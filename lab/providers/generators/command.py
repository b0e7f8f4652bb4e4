"""The `command` package. The lab never executes anything: it knows what the program's one local command waits for."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, ClassVar

from lab.providers.base import Call
from lab.providers.errors import RefusedError
from lab.providers.generators.base import StateOnly
from lab.providers.kubernetes.cluster import CLUSTERS
from lab.providers.package import Package
from lab.providers.wire import Properties


class LocalCommand(StateOnly):
    """A gate on the machine that deploys: it ends once the Kubernetes API it names answers."""

    token = "command:local:Command"
    module: ClassVar[str] = "pulumi_command"

    def diff(self, call: Call, olds: Properties, news: Properties) -> Any:
        """New triggers replace; another text runs `update`."""
        plain = super(StateOnly, self).diff(call, olds, news)
        return type(plain)(plain.changes, tuple(path for path in plain.changes if path == "triggers"))

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """Find the bootstrapped cluster that the command's text, input or variables name, and let its API answer."""
        world = call.site.world
        texts = list(_texts(inputs))
        for server, record in world.table(CLUSTERS).items():
            host = server.split("//", 1)[-1].rsplit(":", 1)[0]
            if any(host in text for text in texts):
                world.put(CLUSTERS, server, {**record, "answers": True})
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


def package() -> Package:
    """The package with its resource type."""
    kind = LocalCommand()
    return Package("command", "pulumi_command", version("pulumi_command"), {kind.token: kind})
