"""A target outside, the gateway before it, and Postgres: all real, and told what those of a cluster are told."""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.backup.access import VARIABLES
from components.backup.secrets import SECRET
from components.databases.archive import server_name
from components.databases.postgres_archive import object_store
from lib.names import POSTGRES_CLUSTER
from settings.backup import NfsTarget, S3Target
from tools import real_programs, real_servers
from tools.backups.store import BackupError
from tools.databases import barman, gateway, postgres, s3
from tools.databases.barman import Archive
from tools.databases.gateway import Gateway
from tools.databases.postgres import Postgres
from tools.databases.s3 import S3Server
from tools.files import UnavailableError

BUCKET = "home-backups"
_RETENTION_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Site:
    """What runs, but for the databases.

    Attributes:
        folder: For everything that is written.
        files: Directory of the files that the target holds.
        outside: The target; None where that is a directory.
    """

    folder: Path
    files: Path
    outside: S3Server | None
    gateway: Gateway

    def objects(self) -> list[Path]:
        """Files of the backups."""
        return sorted(
            file for file in (self.files / self.gateway.cluster).rglob("*") if file.is_file() and file.stat().st_size
        )

    def archive(self, number: int) -> Archive:
        """An archive, under the ObjectStore of the program."""
        spec: dict[str, Any] = object_store(SECRET, f"{POSTGRES_CLUSTER}-tls", _RETENTION_DAYS)
        here = {**spec["configuration"], "endpointURL": self.gateway.here(spec["configuration"]["endpointURL"])}
        return Archive(
            programs=barman.find(),
            spec={**spec, "configuration": here},
            secrets={SECRET: self.gateway.access},
            trust=self.gateway.trust,
            server=server_name(number),
        )

    def postgres(self, name: str, number: int) -> Postgres:
        """A server, not yet made, that writes to an archive."""
        environment = self.archive(number).environment
        return Postgres(programs=postgres.programs(), folder=self.folder / name, environment=environment)


@contextlib.contextmanager
def staged(
    folder: Path, *, lock_days: int = 0, nfs: bool = False, cluster: str = "drill", outside: S3Server | None = None
) -> Iterator[Site]:
    """A site without a database: its target is a bucket, under object lock if so asked, or a directory as of NFS.

    Raises BackupError where a program is missing.
    """
    barman.find()
    postgres.programs()
    secret = secrets.token_hex(16) if outside is None else outside.secret_key
    with contextlib.ExitStack() as running:
        data = folder / "nfs"
        data.mkdir()
        if outside is None and not nfs:
            outside = running.enter_context(bucket(folder, secret, lock_days))
        made = Gateway(
            rclone=program(real_programs.RCLONE),
            folder=folder / "gateway",
            target=NfsTarget(server="192.0.2.1", path="/backups")
            if outside is None
            else S3Target(endpoint=outside.endpoint, bucket=BUCKET),
            cluster=cluster,
            data=data,
            access=dict(zip(VARIABLES.values(), (s3.ACCESS_KEY_ID, secret), strict=True)),
            password=secrets.token_hex(16),
        )
        running.enter_context(gateway.serving(made))
        files = data if outside is None else outside.folder / "data" / BUCKET
        yield Site(folder=folder, files=files, outside=outside, gateway=made)


def program(wanted: real_programs.Program) -> Path:
    """A program that was built; raises BackupError."""
    try:
        return real_servers.find(wanted).binary
    except UnavailableError as error:
        raise BackupError(f"no {wanted.name}: {error}") from None


@contextlib.contextmanager
def bucket(folder: Path, secret: str, lock_days: int = 0) -> Iterator[S3Server]:
    """An S3 server with an empty bucket; raises BackupError."""
    (folder / "versions").mkdir()
    server = S3Server(
        binary=program(real_programs.VERSITYGW),
        folder=folder / "outside",
        secret_key=secret,
        options=("--versioning-dir", str(folder / "versions")),
    )
    with s3.serving(server):
        server.make_bucket(BUCKET, lock_days=lock_days)
        yield server
