"""A real S3 server of the loopback: versitygw on a directory, whose files are the objects."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tools.backups.store import BackupError
from tools.databases.ports import free_port

ACCESS_KEY_ID = "backups"
HEALTH = "/health"
REGION = "us-east-1"
_SECONDS = 30
_LOCK = (
    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
    "<Mode>COMPLIANCE</Mode><Days>{days}</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
)


@dataclass(kw_only=True)
class S3Server:
    """One server; its files outlive its process.

    Attributes:
        folder: For everything it writes; objects lie in `data/<bucket>`.
        secret_key: Of `ACCESS_KEY_ID`, the only account.
        options: Of its backend `posix`.
    """

    binary: Path
    folder: Path
    secret_key: str
    options: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def endpoint(self) -> str:
        # By name: a client that put the bucket before a name would not find it.
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is healthy; raises BackupError."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        keys = {"ROOT_ACCESS_KEY_ID": ACCESS_KEY_ID, "ROOT_SECRET_ACCESS_KEY": self.secret_key}
        command = [
            str(self.binary),
            "--port",
            f"127.0.0.1:{self.port}",
            "--region",
            REGION,
            "--health",
            HEALTH,
            "--quiet",
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "posix", *self.options, str(self.folder / "data")],
                env={"PATH": os.defpath, **keys},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._healthy():
                return
            time.sleep(0.05)
        self.stop()
        raise BackupError(f"versitygw does not come up: {(self.folder / 'log').read_text(encoding='utf-8')[-500:]}")

    def stop(self) -> None:
        """End its process at once, as when the power fails."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _healthy(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(self._connection()) as here:
            here.request("GET", HEALTH)
            return here.getresponse().status == http.HTTPStatus.OK
        return False

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("localhost", self.port, timeout=_SECONDS)

    def make_bucket(self, name: str, *, lock_days: int = 0) -> None:
        """Make a bucket; with `lock_days` under object lock, which needs the option --versioning-dir."""
        enabled = {"x-amz-bucket-object-lock-enabled": "true"} if lock_days else {}
        self.ask("PUT", f"/{name}", headers=enabled)
        if lock_days:
            body = _LOCK.format(days=lock_days).encode()
            digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
            self.ask("PUT", f"/{name}", "object-lock=", body, {"content-md5": digest})

    def ask(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The answer to a request, signed as AWS Signature Version 4 says; raises BackupError for a refusal."""
        now, digest = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", hashlib.sha256(body).hexdigest()
        signed = {
            "host": f"localhost:{self.port}",
            "x-amz-content-sha256": digest,
            "x-amz-date": now,
            **(headers or {}),
        }
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        canonical = hashlib.sha256(f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}".encode()).hexdigest()
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        key = f"AWS4{self.secret_key}".encode()
        for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{canonical}"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        credential = f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/{scope}"
        signature = f"{credential}, SignedHeaders={names}, Signature={key.hex()}"
        with contextlib.closing(self._connection()) as here:
            here.request(method, f"{path}?{query}", body, {**signed, "authorization": signature})
            answer = here.getresponse()
            content = answer.read()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise BackupError(f"{method} {path} is refused ({answer.status}): {content.decode()[:300]}")
        return content


@contextlib.contextmanager
def serving(server: S3Server) -> Iterator[S3Server]:
    """The server, started; stopped in the end."""
    server.start()
    try:
        yield server
    finally:
        server.stop()
