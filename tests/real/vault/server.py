"""Real Vault servers on the loopback, started as the chart starts them: TLS, raft, the configuration of the release."""

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.vault.server_config import API_PORT, CLUSTER_PORT, TLS_DIRECTORY
from doubles.certificates import Authority
from tests.real.ports import free_port
from tests.real.vault.api import Api
from tests.support.recording import Recording

AUDIT = "audit"
"""Directory, below that of a server, of its audit files."""
NEW, SEALED, ACTIVE, STANDBY = 501, 503, 200, 429
"""What /v1/sys/health answers."""
_SECONDS = 300
_ATTEMPTS = 5
_ADDRESS = re.compile(r'"(?:\[::\]|127\.0\.0\.1):(\d+)"')


class NotStartedError(Exception):
    """The server ended before it answered; the message is its log."""


@dataclass
class Server:
    """One server; what it keeps outlives its process.

    Attributes:
        binary: The program.
        directory: For everything it writes.
        text: Its configuration, with the addresses of the pod.
        trust: CA certificate in PEM.
        variables: Of its environment.
    """

    binary: Path
    directory: Path
    text: str
    trust: str
    variables: Mapping[str, str]
    _ports: dict[str, int] = field(default_factory=dict)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def api(self) -> Api:
        """A client that has not logged in."""
        return Api(f"https://127.0.0.1:{self._ports[str(API_PORT)]}", self.trust)

    @property
    def port(self) -> int:
        """Of its API."""
        return self._ports[str(API_PORT)]

    def start(self) -> None:
        """Start it and wait until it answers.

        Ports are free when chosen; where another process is faster, others are chosen. A server that ran before has to
        come back on its own. Raises `NotStartedError`.
        """
        for _ in range(1 if self._ports else _ATTEMPTS):
            ports = self._ports or {port: free_port() for port in dict.fromkeys(_ADDRESS.findall(self.text))}
            self._ports = ports
            self._process = self._run(ports)
            if self.becomes(NEW, SEALED):
                return
            self.stop()
            self._ports = {}
            if "address already in use" not in self._log():
                break
        raise NotStartedError(self._log())

    def stop(self) -> None:
        """End its process at once, as when the power fails."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def becomes(self, *states: int) -> bool:
        """Whether its health turns to one of these in time."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(OSError):
                if self.api.ask("GET", "sys/health").status in states:
                    return True
            time.sleep(0.05)
        return False

    def audit_log(self) -> list[dict[str, Any]]:
        """Every entry so far of the device that writes to the output, which begins with a banner."""
        return [json.loads(line) for line in self.output().splitlines() if line.startswith("{")]

    def output(self) -> str:
        return (self.directory / "output").read_text(encoding="utf-8")

    def _run(self, ports: Mapping[str, int]) -> "subprocess.Popen[bytes]":
        here = _ADDRESS.sub(lambda match: f'"127.0.0.1:{ports[match[1]]}"', self.text)
        (self.directory / "vault.hcl").write_text(here, encoding="utf-8")
        # The chart sets these two addresses.
        addresses = {
            "VAULT_API_ADDR": f"https://127.0.0.1:{ports[str(API_PORT)]}",
            "VAULT_CLUSTER_ADDR": f"https://127.0.0.1:{ports[str(CLUSTER_PORT)]}",
        }
        environment = {"PATH": os.defpath, "HOME": str(self.directory), **addresses, **self.variables}
        command = [str(self.binary), "server", "-config=vault.hcl"]
        with (self.directory / "output").open("ab") as output, (self.directory / "log").open("ab") as log:
            return subprocess.Popen(command, env=environment, cwd=self.directory, stdout=output, stderr=log)

    def _log(self) -> str:
        return (self.directory / "log").read_text(encoding="utf-8")


def issued(program: Recording, authority: Authority) -> tuple[bytes, bytes]:
    """Certificate and key of `authority` for the names that `program` asks for."""
    asked = program.one("kubernetes:cert-manager.io/v1:Certificate", "vault-tls").get("spec")
    return authority.issue("vault", [*asked["dnsNames"], *asked["ipAddresses"]])


@contextlib.contextmanager
def serving(
    program: Recording, authority: Authority, binary: Path, directory: Path, **variables: str
) -> Iterator[Server]:
    """A server that `program` describes, started, with a certificate of `authority` for the names it asks for."""
    certificate, key = issued(program, authority)
    for name, content in (("tls.crt", certificate), ("tls.key", key), ("ca.crt", authority.pem)):
        (directory / name).write_bytes(content)
    for folder in ("data", AUDIT):
        (directory / folder).mkdir()
    server = Server(binary, directory, configuration(program, directory), authority.pem.decode(), variables)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def configuration(program: Recording, directory: Path) -> str:
    """The text in the values of the release, with the directories of this machine instead of the pod's.

    Raises:
        AssertionError: when a directory is not in the text, since the server would not keep its data here.
    """
    values = program.one("kubernetes:helm.sh/v3:Release", "vault-release").get("values", "server")
    text: str = values["ha"]["raft"]["config"] if values["ha"]["enabled"] else values["standalone"]["config"]
    for pod, here in {TLS_DIRECTORY: directory, "/vault/data": directory / "data"}.items():
        assert pod in text, f"the configuration of Vault no longer mentions {pod}:\n{text}"
        text = text.replace(pod, str(here))
    # It only labels the pod, and needs one to do so.
    return text.replace('service_registration "kubernetes" {}', "")


def initialised(server: Server) -> dict[str, str]:
    """Initialise and unseal a server as bank-vaults does; the root token and the key, by their names in the Secret.

    One key in one share, see components/vault/initialisation.py.
    """
    made = server.api.expect("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1}).body
    keys = {"vault-root": made["root_token"], "vault-unseal-0": made["keys"][0]}
    unseal(server, keys)
    assert server.becomes(ACTIVE), "a server that was unsealed takes the lead"
    return keys


def unseal(server: Server, keys: Mapping[str, str]) -> None:
    """What the sidecar does."""
    server.api.expect("PUT", "sys/unseal", {"key": keys["vault-unseal-0"]})
