"""The gateway that encrypts the databases: a real rclone of the loopback, under script and variables of its pod."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from components.backup import gateway_pod
from components.backup.target import GATEWAY_HOST, SEALED_ENDPOINT
from doubles.certificates import Authority
from lib.pod_scripts import SCRIPTS
from settings.backup import NfsTarget, S3Target
from tools.backups.store import BackupError
from tools.databases.ports import free_port

_SECONDS = 30


@dataclass(kw_only=True)
class Gateway:
    """One gateway.

    Attributes:
        rclone: The program.
        folder: For its certificate and what it says.
        target: Where it writes; `data` stands for the mounted NFS volume.
        access: Variables of the Secret with the key pair.
        password: What it encrypts with.
    """

    rclone: Path
    folder: Path
    target: S3Target | NfsTarget
    cluster: str
    data: Path
    access: Mapping[str, str]
    password: str
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def endpoint(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def trust(self) -> Path:
        """File with the CA that signed its certificate."""
        return self.folder / "ca.crt"

    def here(self, text: str) -> str:
        """What the program writes, with this gateway's address in place of that in the cluster."""
        return text.replace(SEALED_ENDPOINT, self.endpoint)

    def start(self) -> None:
        """Start it and wait until it listens; raises BackupError."""
        self.folder.mkdir(exist_ok=True)
        authority = Authority("backup-drill")
        for name, text in zip(
            ("tls.crt", "tls.key"), authority.issue("gateway", [GATEWAY_HOST, "localhost"]), strict=True
        ):
            (self.folder / name).write_bytes(text)
        self.trust.write_bytes(authority.pem)
        variables = {
            **gateway_pod.sealing(self.target, self.cluster, str(self.data)),
            **self.access,
            "BACKUP_PASSWORD": self.password,
            "RCLONE_ADDR": f"127.0.0.1:{self.port}",
            "RCLONE_CERT": str(self.folder / "tls.crt"),
            "RCLONE_KEY": str(self.folder / "tls.key"),
            "PATH": os.pathsep.join((str(self.rclone.parent), os.defpath)),
            "XDG_CACHE_HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
            "HOME": str(self.folder),
        }
        with (self.folder / "log").open("ab") as log:
            command = ["sh", str(SCRIPTS / gateway_pod.SCRIPT)]
            self._process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
        deadline = time.monotonic() + _SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        self.stop()
        raise BackupError(f"the gateway does not come up: {(self.folder / 'log').read_text(encoding='utf-8')[-1000:]}")

    def stop(self) -> None:
        """End its process at once, as when the power fails."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def serving(gateway: Gateway) -> Iterator[Gateway]:
    """The gateway, started; stopped in the end."""
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()
