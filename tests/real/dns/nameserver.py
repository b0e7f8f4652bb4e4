"""A real pdns_server on the loopback, under the configuration that the program writes."""

import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from components.dns.configuration import PdnsConf, pdns_conf, secret_conf
from lib.pod_scripts import SCRIPTS
from tests.real.ports import free_port

KEY = "k3y"
"""Of the API."""
_SCHEMAS = ("/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql", "/usr/local/share/doc/pdns/schema.sqlite3.sql")
_SECONDS = 20


@dataclass(frozen=True)
class Nameserver:
    """Ports on which it answers."""

    dns: int
    api: int

    def dig(self, *words: str) -> str:
        """What dig prints."""
        command = ["dig", "@127.0.0.1", "-p", str(self.dns), "+time=2", "+tries=2", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def update(self, line: str, key: str = "") -> None:
        """An update (RFC 2136) of one line, signed with `name:value` where one is given."""
        zone = "home.example.com"
        text = f"server 127.0.0.1 {self.dns}\nzone {zone}\n{line}\nsend\n"
        command = ["nsupdate", *(["-y", f"hmac-sha256:{key}"] if key else [])]
        subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def lacking() -> str:
    """Why there is none; empty when there is one."""
    missing = [one for one in ("pdns_server", "dig", "nsupdate") if shutil.which(one, path=_path()) is None]
    if missing:
        return f"no {', '.join(missing)} (Debian: pdns-server, pdns-backend-sqlite3, bind9-dnsutils)"
    return "" if any(Path(one).exists() for one in _SCHEMAS) else "no schema of pdns-backend-sqlite3"


def _path() -> str:
    return "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/bin"


@contextmanager
def serving(folder: Path) -> Iterator[Nameserver]:
    """One server with an empty database in the folder."""
    database = folder / "zones.sqlite"
    schema = next(Path(one) for one in _SCHEMAS if Path(one).exists())
    with closing(sqlite3.connect(database)) as made:
        made.executescript(schema.read_text(encoding="utf-8"))
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "secret.conf").write_text(secret_conf(KEY), encoding="utf-8")
    dns, api = free_port(), free_port()
    backend = {"launch": "gsqlite3", "gsqlite3-database": str(database), "gsqlite3-dnssec": "yes"}
    text = pdns_conf(
        PdnsConf(
            backend=backend,
            policy=str(SCRIPTS / "dns_updates.lua"),
            secrets=str(secrets),
            sockets=str(folder),
            dns=("127.0.0.1", dns),
            api=("127.0.0.1", api),
            watches=True,
        )
    )
    (folder / "pdns.conf").write_text(text, encoding="utf-8")
    binary = shutil.which("pdns_server", path=_path()) or "pdns_server"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([binary, f"--config-dir={folder}"], stdout=log, stderr=log)
        try:
            _await(api, process, folder / "log")
            yield Nameserver(dns, api)
        finally:
            process.terminate()
            process.wait(_SECONDS)


def _await(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"pdns_server does not come up: {log.read_text(encoding='utf-8')}")
