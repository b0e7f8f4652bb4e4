"""A real API server with its etcd on the loopback. There is no controller, scheduler or node: nothing runs."""

import contextlib
import os
import secrets
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from doubles.certificates import Authority
from tests.real.kubernetes.api import Api
from tests.real.ports import free_port

ISSUER = "https://kubernetes.default.svc"
_SECONDS = 300
_ATTEMPTS = 3
_IN_USE = "address already in use"


@dataclass(frozen=True)
class Binaries:
    """The programs."""

    etcd: Path
    api_server: Path


@dataclass(frozen=True)
class Server:
    """A server that is ready.

    Attributes:
        api: A client that may do everything.
        trust: CA certificate of the server, PEM.
        directory: Its logs.
    """

    api: Api
    trust: bytes
    directory: Path


class NotStartedError(Exception):
    """A server ended before it answered; the message is the end of its log."""


@contextlib.contextmanager
def serving(
    binaries: Binaries,
    directory: Path,
    services: str,
    flags: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """A server for the Service network `services`; `flags` are further ones of the API server.

    Where they name a certificate for it, the CA of its clients has signed that too.

    Raises:
        NotStartedError: when it does not come up.
    """
    for attempt in range(_ATTEMPTS):
        place = directory / str(attempt)
        place.mkdir(parents=True)
        start = _Start(binaries, place, services, flags or {}, variables or {})
        try:
            server = start.ready()
        except NotStartedError as error:
            # A port was free when it was chosen, and another process was faster.
            if _IN_USE in str(error) and attempt + 1 < _ATTEMPTS:
                continue
            raise
        else:
            yield server
            return
        finally:
            start.stop()


@dataclass
class _Start:
    """One attempt."""

    binaries: Binaries
    directory: Path
    services: str
    flags: Mapping[str, str]
    variables: Mapping[str, str]
    _processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def ready(self) -> Server:
        etcd, peers, port = (f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}", free_port())
        authority, token = Authority("kubernetes"), secrets.token_hex(16)
        self._write_credentials(authority, token)
        self._run("etcd", self.binaries.etcd, _etcd(etcd, peers))
        self._run("kube-apiserver", self.binaries.api_server, self._api_server(etcd, port))
        trust = Path(self.flags["client-ca-file"]).read_bytes() if "tls-cert-file" in self.flags else authority.pem
        api = Api(port, ssl.create_default_context(cadata=trust.decode()), token)
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            self._require_alive()
            with contextlib.suppress(OSError):
                if api.ask("GET", "/readyz").status == 200:
                    return Server(api, trust, self.directory)
            time.sleep(0.2)
        raise NotStartedError(f"kube-apiserver is not ready after {_SECONDS} s:\n{self._log('kube-apiserver')}")

    def stop(self) -> None:
        """End both at once, the API server first: without etcd it takes minutes to end by itself."""
        for process in reversed(self._processes.values()):
            process.kill()
            process.wait()

    def _write_credentials(self, authority: Authority, token: str) -> None:
        certificate, key = authority.issue("kube-apiserver")
        signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = signing.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        people = f'{token},administrator,administrator,"system:masters"\n'
        files = {"tls.crt": certificate, "tls.key": key, "accounts.key": pem, "tokens.csv": people.encode()}
        for name, content in files.items():
            (self.directory / name).write_bytes(content)

    def _api_server(self, etcd: str, port: int) -> dict[str, str]:
        return {
            "etcd-servers": etcd,
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "endpoint-reconciler-type": "none",
            "secure-port": str(port),
            "tls-cert-file": "tls.crt",
            "tls-private-key-file": "tls.key",
            "token-auth-file": "tokens.csv",
            "service-account-issuer": ISSUER,
            "service-account-key-file": "accounts.key",
            "service-account-signing-key-file": "accounts.key",
            "service-cluster-ip-range": self.services,
            # As Talos sets them.
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "allow-privileged": "true",
            **self.flags,
        }

    def _run(self, name: str, binary: Path, flags: Mapping[str, str]) -> None:
        environment = {"PATH": os.defpath, "HOME": str(self.directory), **self.variables}
        command = [str(binary), *(f"--{flag}={value}" for flag, value in flags.items())]
        with (self.directory / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command, env=environment, cwd=self.directory, stdout=log, stderr=subprocess.STDOUT
            )

    def _require_alive(self) -> None:
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise NotStartedError(f"{name} ended with {process.returncode}:\n{self._log(name)}")

    def _log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-3000:]


def _etcd(clients: str, peers: str) -> dict[str, str]:
    return {
        "data-dir": "etcd",
        "listen-client-urls": clients,
        "advertise-client-urls": clients,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"default={peers}",
        # Nothing of it is kept.
        "unsafe-no-fsync": "true",
    }
