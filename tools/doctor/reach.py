"""The network as this machine sees it, and programs that it has."""

import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Protocol

_SECONDS = 3.0


class Reach(Protocol):
    """What is asked of the network."""

    def connects(self, host: str, port: int) -> str:
        """Why nobody takes a connection there; empty when somebody does."""

    def serves(self, url: str) -> str:
        """Why no web server answers there, through the proxy of the environment; empty when one does, as it likes."""

    def answers(self, address: str) -> bool:
        """Whether a machine has this address."""

    def resolves(self, host: str) -> set[str]:
        """IPv4 addresses of a name; none where nobody knows it."""

    def program(self, name: str, *arguments: str) -> str:
        """What a program on PATH prints; empty where there is none."""


@dataclass(frozen=True)
class FromHere:
    """The real one."""

    seconds: float = _SECONDS

    def connects(self, host: str, port: int) -> str:
        """See Reach."""
        try:
            with socket.create_connection((host, port), self.seconds):
                return ""
        except OSError as error:
            return reason(error)

    def serves(self, url: str) -> str:
        """See Reach."""
        # Of the stack file, whose URLs begin with https, or of lib/charts.py.
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=self.seconds):  # noqa: S310
                return ""
        except urllib.error.HTTPError:
            return ""
        except OSError as error:
            return reason(error)

    def answers(self, address: str) -> bool:
        """See Reach. A refused connection is an answer, too."""
        program = shutil.which("ping") if sys.platform == "linux" else None
        if program:
            command = [program, "-c", "1", "-W", "1", address]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return True
        try:
            with socket.create_connection((address, 22), 1):
                return True
        except ConnectionRefusedError:
            return True
        except OSError:
            return False

    def resolves(self, host: str) -> set[str]:
        """See Reach."""
        try:
            found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
        except OSError:
            return set()
        return {str(address[0]) for *_, address in found}

    def program(self, name: str, *arguments: str) -> str:
        """See Reach."""
        found = shutil.which(name)
        return subprocess.run([found, *arguments], capture_output=True, text=True, check=False).stdout if found else ""


def reason(error: OSError) -> str:
    """Why a connection failed, in the words of the system."""
    inner = getattr(error, "reason", error)
    if isinstance(inner, TimeoutError):
        return "no answer in time"
    return getattr(inner, "strerror", None) or str(inner)
