"""A real PowerDNS on a real Postgres, with the configuration that the program writes, and a real ACME server.

PowerDNS and Postgres are those of Debian: PowerDNS 4.7 where the cluster has 5.x, whose settings and API the program
uses only as far as both know them.
"""

import base64
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from components.dns.configuration import POLICY, PdnsConf, pdns_conf, postgres, secret_conf
from components.dns.names import TSIG_ALGORITHM
from doubles.certificates import Authority
from lib.pod_scripts import SCRIPTS
from settings.dns import UPDATE_KEY
from tests.real.ports import free_port
from tools import real_programs, real_servers

ROOT = SCRIPTS.parent
SCHEMA = Path("/usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql")
SECONDARY = "edge"
_SECONDS = 60
_ATTEMPTS = 3


class NotStartedError(Exception):
    """A server ended before it answered; the message is its log."""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """Those of Debian."""

    pdns_server: Path
    initdb: Path
    postgres: Path
    psql: Path


def programs() -> Programs:
    """Those that are installed. Raises `LookupError` with the packages where one is missing."""
    folders = [*os.get_exec_path(), "/usr/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))]
    places = os.pathsep.join(folders)
    found = {name: shutil.which(name, path=places) for name in Programs.__dataclass_fields__}
    missing = [name for name, path in found.items() if path is None]
    if missing or not SCHEMA.is_file():
        packages = "apt-get install pdns-server pdns-backend-pgsql postgresql"
        raise LookupError(f"{', '.join(missing) or SCHEMA} is not there: {packages}")
    return Programs(**{name: Path(path) for name, path in found.items() if path is not None})


@dataclass
class Site:
    """The servers of one side, the internet's, and those who talk to them.

    Attributes:
        dns: Where PowerDNS answers, `host:port`.
        keys: TSIG keys by name.
    """

    directory: Path
    dns: str
    url: str
    api_key: str
    directory_url: str
    trust: Path
    keys: Mapping[str, str] = field(
        default_factory=lambda: {
            name: base64.b64encode(secrets.token_bytes(32)).decode() for name in (UPDATE_KEY, SECONDARY)
        }
    )

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of PowerDNS' API."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/api/v1/servers/localhost/{path}",
            None if body is None else json.dumps(body).encode(),
            {"X-API-Key": self.api_key, "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 — the loopback
            return json.loads(answer.read() or "null")

    def declare(self, zone: str) -> None:
        """Make the zone, as the update key may change it, and the keys."""
        for name, key in self.keys.items():
            self.api("POST", "tsigkeys", {"name": name, "algorithm": TSIG_ALGORITHM, "key": key})
        self.api("POST", "zones", {"name": f"{zone}.", "kind": "Native", "nameservers": [f"ns1.{zone}."]})
        allowed = {"kind": "TSIG-ALLOW-DNSUPDATE", "metadata": [UPDATE_KEY]}
        self.api("PUT", f"zones/{zone}./metadata/TSIG-ALLOW-DNSUPDATE", allowed)

    def names(self, zone: str) -> set[str]:
        """Every name of the zone that has records."""
        return {one["name"] for one in self.api("GET", f"zones/{zone}.")["rrsets"]}

    def client(self, *arguments: str, key: str = "", value: str | None = None) -> str:
        """What tools/dns/client prints; raises `RuntimeError` with what it complains of."""
        command = [str(real_servers.find(real_programs.DNS_CLIENT).binary), "--recursive-nameservers", self.dns]
        command += ["--nameserver", self.dns, *(["--tsig-key-name", key] if key else []), *arguments]
        return _said(command, {"TSIG_SECRET": (value or self.keys[key]) if key else ""})

    def order(self, *names: str, value: str | None = None) -> str:
        """The chain of a certificate."""
        wanted = ("--server", self.directory_url, "--ca-bundle", str(self.trust), "--names", ",".join(names))
        return self.client(*wanted, key=UPDATE_KEY, value=value)


def _said(command: Sequence[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{done.stdout}{done.stderr}".strip())
    return done.stdout


@contextlib.contextmanager
def staged(installed: Programs) -> Iterator[Site]:
    """Everything is up; it goes at the end. Raises `NotStartedError`."""
    with contextlib.ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="home-cluster-dns-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        directory.chmod(0o755)
        database = stack.enter_context(_postgres(installed, directory / "postgres"))
        api_key = secrets.token_hex(16)
        dns, api = stack.enter_context(_pdns(installed, directory / "pdns", database, api_key))
        trust = directory / "pebble.pem"
        acme = stack.enter_context(_pebble(directory / "pebble", trust, dns))
        yield Site(directory, f"127.0.0.1:{dns}", f"http://127.0.0.1:{api}", api_key, acme, trust)


@contextlib.contextmanager
def _postgres(installed: Programs, directory: Path) -> Iterator[Path]:
    """A server on a socket in a folder, with the schema of PowerDNS."""
    directory.mkdir()
    account: dict[str, Any] = {}
    if os.geteuid() == 0:  # for whom it does not run
        shutil.chown(directory, "postgres", "postgres")
        account = {"user": "postgres", "group": "postgres"}
    data = directory / "data"
    initialise = [str(installed.initdb), "--auth=trust", "--username=postgres", "--no-sync", str(data)]
    subprocess.run(initialise, cwd=directory, check=True, capture_output=True, **account)
    command = [str(installed.postgres), "-D", str(data), "-k", str(directory), "-c", "listen_addresses=", "-F"]
    with _running(command, directory / "log", (directory / ".s.PGSQL.5432").exists, account):
        psql = [str(installed.psql), "--no-psqlrc", "-h", str(directory), "-U", "postgres"]
        _said([*psql, "-v", "ON_ERROR_STOP=1", "-f", str(SCHEMA)], {})
        yield directory


@contextlib.contextmanager
def _pdns(installed: Programs, directory: Path, database: Path, api_key: str) -> Iterator[tuple[int, int]]:
    """PowerDNS with the program's configuration, but for the way to the database; its ports of DNS and API."""
    directory.mkdir()
    kept = directory / "secrets"
    kept.mkdir()
    (kept / "secret.conf").write_text(secret_conf(api_key))
    shutil.copy(SCRIPTS / "dns_updates.lua", directory / POLICY)
    backend = {**postgres("postgres"), "gpgsql-host": str(database), "gpgsql-extra-connection-parameters": ""}
    for attempt in range(_ATTEMPTS):
        dns, api = free_port(), free_port()
        conf = PdnsConf(
            backend=backend,
            policy=str(directory / POLICY),
            secrets=str(kept),
            sockets=str(directory),
            dns=("127.0.0.1", dns),
            api=("127.0.0.1", api),
        )
        (directory / "pdns.conf").write_text(pdns_conf(conf))
        command = [str(installed.pdns_server), f"--config-dir={directory}", "--daemon=no", "--guardian=no"]
        try:
            with _running(command, directory / "log", partial(_listens, dns, api)):
                yield dns, api
                return
        except NotStartedError:
            # A port was free when it was chosen, and another process was faster.
            if attempt + 1 == _ATTEMPTS:
                raise


@contextlib.contextmanager
def _pebble(directory: Path, trust: Path, dns: int) -> Iterator[str]:
    """The ACME server, which looks records up in PowerDNS; URL of its directory."""
    directory.mkdir()
    authority, port = Authority("pebble"), free_port()
    trust.write_bytes(authority.pem)
    certificate, key = authority.issue("pebble")
    (directory / "certificate.pem").write_bytes(certificate)
    (directory / "key.pem").write_bytes(key)
    settings = {
        "listenAddress": f"127.0.0.1:{port}",
        "certificate": str(directory / "certificate.pem"),
        "privateKey": str(directory / "key.pem"),
        "httpPort": 1,
        "tlsPort": 1,
        "keyAlgorithm": "ecdsa",
        "retryAfter": {"authz": 1, "order": 1},
    }
    (directory / "pebble.json").write_text(json.dumps({"pebble": settings}))
    binary = real_servers.find(real_programs.PEBBLE).binary
    command = [str(binary), "-config", str(directory / "pebble.json"), "-dnsserver", f"127.0.0.1:{dns}"]
    with _running(
        command, directory / "log", partial(_listens, port), {"env": os.environ | {"PEBBLE_VA_NOSLEEP": "1"}}
    ):
        yield f"https://127.0.0.1:{port}/dir"


@contextlib.contextmanager
def _running(
    command: Sequence[str], log: Path, ready: Callable[[], bool], options: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """A process that is ready, ended at the end. Raises `NotStartedError`."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, cwd=log.parent, **(options or {}))
        try:
            deadline = time.monotonic() + _SECONDS
            while not ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise NotStartedError(log.read_text(errors="replace")[-4000:])
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait()


def _listens(*ports: int) -> bool:
    try:
        for port in ports:
            socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
