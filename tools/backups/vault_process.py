"""A real Vault on the loopback, with the configuration of the release, for the bench."""

import os
import re
import shutil
import ssl
import subprocess
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from components.vault.server_config import API_PORT, CLUSTER_PORT, TLS_DIRECTORY, server_config
from components.vault.values import ROOT_KEY, UNSEAL_KEY
from doubles.certificates import Authority
from tools.backups.store import BackupError
from tools.backups.vault_server import VaultServer
from tools.databases.ports import free_port

_ADDRESS = re.compile(r'"(?:\[::\]|127\.0\.0\.1):(\d+)"')
_SECONDS = 60.0


@dataclass(kw_only=True)
class VaultProcess:
    """A server, one run after the other.

    Attributes:
        binary: The program.
        place: Directory for all that it keeps.
    """

    binary: Path
    place: Path
    authority: Authority
    _ports: dict[str, int] = field(default_factory=dict)
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> tuple[VaultServer, dict[str, str]]:
        """One without data, and its keys, initialised as bank-vaults does; raises BackupError."""
        shutil.rmtree(self.place, ignore_errors=True)
        (self.place / "data").mkdir(parents=True)
        certificate, key = self.authority.issue("vault")
        for name, content in ("tls.crt", certificate), ("tls.key", key), ("ca.crt", self.authority.pem):
            (self.place / name).write_bytes(content)
        server = self.resume()
        made = server.expect("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        keys = {ROOT_KEY: made["root_token"], UNSEAL_KEY: made["keys"][0]}
        if not server.unseal(keys[UNSEAL_KEY]) or not server.becomes_active():
            raise BackupError(f"the Vault of the bench does not become active: {self._end_of_log()}")
        return server, keys

    def stop(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def resume(self) -> VaultServer:
        """On what it holds: sealed, or without data; raises BackupError."""
        text = server_config(1).replace(TLS_DIRECTORY, str(self.place)).replace("/vault/data", str(self.place / "data"))
        text = _ADDRESS.sub(lambda match: f'"127.0.0.1:{self._ports.setdefault(match[1], free_port())}"', text)
        (self.place / "vault.hcl").write_text(text, encoding="utf-8")
        address, cluster = (f"https://127.0.0.1:{self._ports[str(port)]}" for port in (API_PORT, CLUSTER_PORT))
        variables = {"VAULT_API_ADDR": address, "VAULT_CLUSTER_ADDR": cluster}
        with (self.place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.binary, "server", "-config=vault.hcl"],
                cwd=self.place,
                env={"PATH": os.defpath, "HOME": str(self.place), **variables},
                stdout=log,
                stderr=log,
            )
        tls = ssl.create_default_context(cadata=self.authority.pem.decode())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls))
        server = VaultServer(root=f"{address}/v1", opener=opener)
        deadline = time.monotonic() + _SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(BackupError):
                server.health()
                return server
            time.sleep(0.1)
        raise BackupError(f"the Vault of the bench does not start: {self._end_of_log()}")

    def _end_of_log(self) -> str:
        return (self.place / "log").read_text(encoding="utf-8")[-500:]
