"""Real members of etcd on the loopback, one for each control plane, as Talos runs them."""

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tools import real_programs, real_servers
from tools.backups.etcd_server import Server
from tools.backups.store import BackupError
from tools.databases.ports import free_port

_SECONDS = 30


@dataclass(kw_only=True)
class Member:
    """One control plane, and etcd on it.

    Attributes:
        name, address: Of the machine.
        data: Directory of etcd.
        there: Whether there is a machine.
    """

    name: str
    address: str
    data: Path
    there: bool = True
    clients: int = field(default_factory=free_port)
    peers: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def peer(self) -> str:
        """Where the others reach it."""
        return f"http://127.0.0.1:{self.peers}"

    @property
    def server(self) -> Server:
        """Its API."""
        return Server(port=self.clients)

    @property
    def runs(self) -> bool:
        """Whether its process does."""
        return self._process is not None and self._process.poll() is None

    def start(self, cluster: Sequence["Member"], state: str) -> None:
        """Run it as a member of a `new` cluster, or of one that is `existing`."""
        here = f"http://127.0.0.1:{self.clients}"
        everyone = ",".join(f"{one.name}={one.peer}" for one in cluster)
        flags = [
            *("--name", self.name, "--data-dir", str(self.data), "--log-level", "warn", "--unsafe-no-fsync"),
            *("--listen-client-urls", here, "--advertise-client-urls", here, "--listen-peer-urls", self.peer),
            *("--initial-advertise-peer-urls", self.peer, "--initial-cluster", everyone),
            *("--initial-cluster-state", state),
        ]
        binary = real_servers.find(real_programs.ETCD).binary
        with self.data.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen([str(binary), *flags], stdout=log, stderr=log)

    def stop(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def wipe(self) -> None:
        """Take its data away."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def leads_or_follows(self) -> bool:
        """Whether it answers a read that needs the majority."""
        if self.runs:
            with suppress(BackupError):
                self.server.get("ready")
                return True
        return False


def waited(true: Callable[[], bool], what: str) -> None:
    """Wait for it; raises BackupError."""
    deadline = time.monotonic() + _SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise BackupError(what)
        time.sleep(0.2)


def joined(first: Member, others: Sequence[Member]) -> None:
    """Have the others join the first, one after the other, as Talos does; raises BackupError."""
    there = [first]
    for one in others:
        waited(partial(_added, first, one), f"{first.name} does not let {one.name} join")
        one.wipe()
        there.append(one)
        one.start(there, "existing")
        waited(one.leads_or_follows, f"etcd of {one.name} does not join")


def _added(first: Member, one: Member) -> bool:
    """Whether it may join: etcd takes no member before the last one has been there for some seconds."""
    try:
        first.server.add_member(one.peer)
    except BackupError:
        return False
    return True


def recovered(first: Member, snapshot: Path, *, skip: bool = False) -> str:
    """Make a cluster of one member of a snapshot, by whose hash `skip` does not go; raises BackupError."""
    utility = real_servers.find(real_programs.ETCDUTL).binary
    words = ["snapshot", "restore", str(snapshot), "--name", first.name, "--data-dir", str(first.data)]
    words += ["--initial-cluster", f"{first.name}={first.peer}", "--initial-advertise-peer-urls", first.peer]
    words += ["--skip-hash-check"] if skip else []
    ended = subprocess.run([str(utility), *words], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise BackupError((ended.stderr or ended.stdout).strip().splitlines()[-1])
    first.start([first], "new")
    waited(first.leads_or_follows, f"etcd of {first.name} does not come up")
    return f'recovering from snapshot "{snapshot}"'
