"""The way to the Kubernetes API, as a kubeconfig has it; whoever it belongs to is not used."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from smoke.client import Network, trusting


@dataclass(frozen=True)
class ApiServer:
    """Where it is, and the network on which its own CA is trusted."""

    url: str
    network: Network


def api_server(file: Path) -> ApiServer:
    """The server of the current context.

    Raises:
        ValueError: when the file names no server or no CA.
    """
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    try:
        wanted = _named(document["contexts"], document["current-context"])["context"]["cluster"]
        cluster = _named(document["clusters"], wanted)["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode("ascii")
        return ApiServer(cluster["server"].rstrip("/"), Network(trusting(authority), lambda host, port: (host, port)))
    except (KeyError, TypeError, StopIteration) as error:
        raise ValueError(
            f"--kubeconfig: {file} names no server with a CA (certificate-authority-data) for its current context "
            f"({type(error).__name__}: {error}); use the output kubeconfig of the stack"
        ) from None


def _named(entries: Any, name: str) -> Any:
    return next(entry for entry in entries if entry["name"] == name)
