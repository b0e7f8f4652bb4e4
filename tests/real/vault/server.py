"""A real Vault on the loopback, started as the chart starts it: TLS, raft, the configuration of the release."""

import contextlib
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.vault.config import TLS_DIRECTORY
from tests.real.vault.api import Api
from tests.support.certificates import Authority
from tests.support.recording import Recording

AUDIT = "audit"
"""Directory, below that of the server, of its audit files."""
SECONDS = 60
_ATTEMPTS = 5
_API, _CLUSTER = "8200", "8201"
_ADDRESS = re.compile(r'"(?:\[::\]|127\.0\.0\.1):(\d+)"')


class NotStartedError(Exception):
    """The server ended before it answered; the message is its log."""


@dataclass(frozen=True)
class Server:
    """A running, initialised and unsealed server.

    Attributes:
        root: Client with the root token.
        keys: Root token and unseal key, as the Secret in the cluster holds them.
        output: What the server writes to its standard output, where the audit log goes.
    """

    root: Api
    keys: dict[str, str]
    output: Path

    def audit_log(self) -> list[dict[str, Any]]:
        """Every entry so far (the output begins with the banner of the server)."""
        lines = self.output.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@dataclass(frozen=True)
class Place:
    """Where the server runs.

    Attributes:
        binary: The program.
        directory: Empty, for everything it writes.
        proxy: URL of the proxy for what it opens itself.
    """

    binary: Path
    directory: Path
    proxy: str


@contextlib.contextmanager
def running(program: Recording, authority: Authority, place: Place) -> Iterator[Server]:
    """Start the server that `program` describes, with a certificate of `authority` for the names it asks for.

    Raises:
        NotStartedError: when the server does not start, or does not become active.
    """
    hosts = program.one("kubernetes:cert-manager.io/v1:Certificate", "vault-tls").get("spec")
    certificate, key = authority.issue("vault", [*hosts["dnsNames"], *hosts["ipAddresses"]])
    (place.directory / "tls.crt").write_bytes(certificate)
    (place.directory / "tls.key").write_bytes(key)
    for folder in ("data", AUDIT):
        (place.directory / folder).mkdir()
    process, api = _started(program, Api("", authority.pem.decode()), place)
    try:
        yield _initialised(api, place.directory / "output")
    finally:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def configuration(program: Recording, directory: Path) -> tuple[str, dict[str, int]]:
    """The text in the values of the release, with the places of this machine instead of the pod's; and the port that
    each of its addresses has here, by the port in the pod.

    Raises:
        AssertionError: when a place is not in the text, since the server would not run where the test looks.
    """
    text: str = program.one("kubernetes:helm.sh/v3:Release", "vault-release").get(
        "values", "server", "standalone", "config"
    )
    for pod, here in {TLS_DIRECTORY: directory, "/vault/data": directory / "data"}.items():
        assert pod in text, f"the configuration of Vault no longer mentions {pod}:\n{text}"
        text = text.replace(pod, str(here))
    ports = {port: _free_port() for port in dict.fromkeys(_ADDRESS.findall(text))}
    return _ADDRESS.sub(lambda match: f'"127.0.0.1:{ports[match[1]]}"', text), ports


def _started(program: Recording, api: Api, place: Place) -> tuple["subprocess.Popen[bytes]", Api]:
    """The process once it listens. Ports are free when chosen; where another process is faster, others are chosen."""
    for _ in range(_ATTEMPTS):
        text, ports = configuration(program, place.directory)
        (place.directory / "vault.hcl").write_text(text, encoding="utf-8")
        listening = Api(f"https://127.0.0.1:{ports[_API]}", api.trust)
        process = _process(place, listening.address, ports[_CLUSTER])
        if _answers(process, listening):
            return process, listening
        process.kill()
        process.wait()
        log = (place.directory / "log").read_text(encoding="utf-8")
        if "address already in use" not in log:
            break
    raise NotStartedError(log)


def _process(place: Place, address: str, cluster_port: int) -> "subprocess.Popen[bytes]":
    environment = {
        "PATH": os.defpath,
        "HOME": str(place.directory),
        "VAULT_API_ADDR": address,  # these two are the chart's
        "VAULT_CLUSTER_ADDR": f"https://127.0.0.1:{cluster_port}",
        "HTTPS_PROXY": place.proxy,
    }
    with (place.directory / "output").open("wb") as output, (place.directory / "log").open("wb") as log:
        command = [str(place.binary), "server", "-config=vault.hcl"]
        return subprocess.Popen(command, env=environment, cwd=place.directory, stdout=output, stderr=log)


def _answers(process: "subprocess.Popen[bytes]", api: Api) -> bool:
    return _becomes(api, {501}, process)


def _becomes(api: Api, states: set[int], process: "subprocess.Popen[bytes] | None" = None) -> bool:
    """Whether the health turns to one of the states in time: 501 not initialised, 503 sealed, 200 active."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        with contextlib.suppress(OSError):
            if api.ask("GET", "sys/health").status in states:
                return True
        time.sleep(0.05)
    return False


def _initialised(api: Api, output: Path) -> Server:
    """As bank-vaults does it: one key, one share (components/vault/initialisation.py)."""
    made = api.expect("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1}).body
    api.expect("PUT", "sys/unseal", {"key": made["keys_base64"][0]})
    if not _becomes(api, {200}):
        raise NotStartedError("Vault did not become active after it was unsealed")
    keys = {"vault-root": made["root_token"], "vault-unseal-0": made["keys"][0]}
    return Server(api.using(made["root_token"]), keys, output)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
