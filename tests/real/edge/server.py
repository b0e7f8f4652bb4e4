"""A server of the loopback: the program's own command runs on it, with a stand-in for systemctl and real programs."""

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.edge.server import install

SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
# systemctl starts the master process of Debian's unit (`haproxy -Ws -f … -p …`), and a reload is its SIGUSR2.
_SYSTEMCTL = """#!/bin/sh
set -eu
echo "$*" >> {folder}/systemctl.log
case "$*" in
  "reload-or-restart haproxy")
    if [ -s {folder}/pid ] && kill -0 "$(cat {folder}/pid)" 2>/dev/null; then kill -USR2 "$(cat {folder}/pid)"; else
      haproxy -W -f {folder}/etc/haproxy/haproxy.cfg -S {folder}/master.sock </dev/null >>{folder}/haproxy.log 2>&1 &
      echo $! > {folder}/pid
    fi ;;
esac
"""


@dataclass(frozen=True)
class Server:
    """Its folder stands for `/`."""

    folder: Path

    @property
    def configuration(self) -> Path:
        """What HAProxy runs with."""
        return self.folder / "etc" / "haproxy" / "haproxy.cfg"

    @property
    def socket(self) -> Path:
        """Where HAProxy takes commands."""
        return self.folder / "admin.sock"

    def install(self, mark: str, text: str) -> subprocess.CompletedProcess[str]:
        """What the program sends by SSH."""
        path = os.pathsep.join([str(self.folder / "bin"), *os.get_exec_path(), *SYSTEM_FOLDERS])
        environment = {"PATH": path, "SOCKET": str(self.socket), "ROOT": str(self.folder)}
        command = install("haproxy", mark, "root")
        return subprocess.run(  # noqa: S602 — as sshd hands it to the shell of the account
            command, shell=True, input=text, text=True, capture_output=True, env=environment, check=False
        )

    def run(self, command: str) -> str:
        """What a command of this server prints, also of its errors."""
        path = os.pathsep.join([*os.get_exec_path(), *SYSTEM_FOLDERS])
        done = subprocess.run(command, shell=True, text=True, capture_output=True, check=False, env={"PATH": path})  # noqa: S602
        return done.stdout + done.stderr

    def running(self) -> str:
        """The mark of the process that serves."""
        said = self.run(f"echo 'show info' | socat - UNIX-CONNECT:{shlex.quote(str(self.socket))}")
        return next((line.split(": ")[1] for line in said.splitlines() if line.startswith("description:")), "")


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Server]:
    """A server; the processes on it end with it."""
    for name in ("bin", "etc/haproxy"):
        (folder / name).mkdir(parents=True)
    systemctl = folder / "bin" / "systemctl"
    systemctl.write_text(_SYSTEMCTL.format(folder=folder), encoding="utf-8")
    systemctl.chmod(0o755)
    try:
        yield Server(folder)
    finally:
        pid = folder / "pid"
        if pid.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid.read_text()), signal.SIGTERM)
