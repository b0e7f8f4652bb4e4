"""A real etcd of one member on the loopback, asked by JSON (docs of etcd, "gRPC gateway"), which needs no client."""

import base64
import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.backups.store import BackupError

_SECONDS = 30
_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Server:
    """One that answers."""

    port: int

    def put(self, key: str, value: str) -> None:
        """Write a key."""
        self._ask("kv/put", key=_b64(key), value=_b64(value))

    def get(self, key: str) -> str | None:
        """The value of a key."""
        found = self._ask("kv/range", key=_b64(key)).get("kvs")
        return _text(found[0].get("value", "")) if found else None

    def keys(self) -> dict[str, tuple[str, int]]:
        """Every key with its value and the revision that wrote it."""
        everything = self._ask("kv/range", key="AA==", range_end="AA==").get("kvs", [])  # from \0 to \0: all of them
        return {_text(one["key"]): (_text(one.get("value", "")), int(one["mod_revision"])) for one in everything}

    def members(self) -> list[str]:
        """Names of the members."""
        return [one["name"] for one in self._ask("cluster/member/list")["members"]]

    def add_member(self, peer: str) -> None:
        """Let one join that is reached there."""
        self._post("cluster/member/add", {"peerURLs": [peer]})

    def snapshot(self) -> bytes:
        """What Talos hands out as a snapshot: the stream of `Maintenance.Snapshot`, with a checksum at its end."""
        parts = (json.loads(line)["result"] for line in self._post("maintenance/snapshot", {}).splitlines() if line)
        return b"".join(base64.b64decode(part.get("blob", "")) for part in parts)

    def _ask(self, path: str, **request: str) -> Any:
        return json.loads(self._post(path, request))

    def _post(self, path: str, request: Mapping[str, object]) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)
        try:
            connection.request("POST", f"/v3/{path}", json.dumps(request))
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise BackupError(f"etcd does not answer: {error}") from None
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise BackupError(f"etcd answers {answer.status}: {content.decode(errors='replace')[:200]}")
        return content


@contextmanager
def running(binary: Path, data: Path) -> Iterator[Server]:
    """One with that data directory, which `etcdutl snapshot restore` may have made; raises BackupError."""
    for left in reversed(range(_ATTEMPTS)):
        clients, peers = _free_port(), _free_port()
        log = data.parent / "etcd.log"
        with log.open("wb") as output:
            process = subprocess.Popen([str(binary), *_flags(data, clients, peers)], stdout=output, stderr=output)
        try:
            if not _answers(process, clients):
                said = log.read_text(encoding="utf-8", errors="replace")[-600:]
                # A port was free when it was chosen, and another process was faster.
                if left and "address already in use" in said:
                    continue
                raise BackupError(f"etcd does not come up: {said}")
            yield Server(port=clients)
            return
        finally:
            process.kill()
            process.wait()


def _flags(data: Path, clients: int, peers: int) -> list[str]:
    here, beside = f"http://127.0.0.1:{clients}", f"http://127.0.0.1:{peers}"
    return [
        *("--data-dir", str(data), "--log-level", "warn", "--unsafe-no-fsync"),
        *("--listen-client-urls", here, "--advertise-client-urls", here, "--listen-peer-urls", beside),
        *("--initial-advertise-peer-urls", beside, "--initial-cluster", f"default={beside}"),
    ]


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            Server(port=port).get("ready")
        except BackupError:
            time.sleep(0.1)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode(errors="replace")
