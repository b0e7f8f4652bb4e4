"""Where backups lie, as this machine reaches it: a bucket or a directory. Names are below the cluster's folder."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from components.backup.target import Target, target
from settings.model import Settings

ACCESS_KEY: Final = "backupAccessKey"
"""Secret of the stack file with the key pair of the target."""
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
"""What a service of S3 answers, in the error of its client."""
_CAUSE: Final = re.compile(r'^\s+(?:message|error): "([^"]+)"', re.MULTILINE)
"""What the system says where nobody answers, in the part of that error which is for developers."""
MOUNTS = Path("/proc/self/mounts")


class BackupError(Exception):
    """A backup or a restore cannot be done, or nobody can tell. The message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A backup that is there: its name, when it was written (UTC), and its bytes where they are known."""

    name: str
    when: datetime
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Store:
    """The folder of a cluster; `address` names it for a person. Everything raises BackupError."""

    backend: ObjectStore
    address: str

    def copies(self, folder: str) -> list[Copy]:
        """Files below a folder, the newest first."""
        try:
            found: list[Any] = [one for chunk in self.backend.list(f"{folder}/") for one in chunk]
        except (BaseError, OSError) as error:
            raise self._failed("list", folder, error) from None
        copies = (Copy(name=one["path"], when=one["last_modified"].astimezone(UTC), size=one["size"]) for one in found)
        return sorted(copies, key=lambda one: (one.when, one.name), reverse=True)

    def get(self, name: str) -> bytes:
        """A file."""
        try:
            return bytes(self.backend.get(name).bytes())
        except (BaseError, OSError) as error:
            raise self._failed("read", name, error) from None

    def put(self, name: str, content: bytes) -> None:
        """Write a file, and read it back."""
        try:
            self.backend.put(name, content)
        except (BaseError, OSError) as error:
            raise self._failed("write", name, error) from None
        if self.get(name) != content:
            raise BackupError(f"{self.address}/{name} does not hold what was written to it")

    def remove(self, name: str) -> None:
        """Delete a file; under object lock it stays as an older version."""
        try:
            self.backend.delete(name)
        except (BaseError, OSError) as error:
            raise self._failed("delete", name, error) from None

    def _failed(self, what: str, name: str, error: Exception) -> BackupError:
        text = str(error)
        known, line = _CODE.search(text) or _CAUSE.search(text), next(iter(text.splitlines()), type(error).__name__)
        reason = known[1] if known else line.rpartition(" - ")[2]
        return BackupError(f"{self.address}: cannot {what} {name}: {reason}")


def directory(path: Path, cluster: str) -> Store:
    """The folder of a cluster below a directory."""
    folder = path.resolve() / cluster
    return Store(backend=LocalStore(folder, mkdir=True), address=str(folder))


def declared(settings: Settings, secrets: Mapping[str, str]) -> Store:
    """The target of the stack file; raises BackupError where this machine does not reach it.

    A gateway in the cluster serves an NFS target: from outside, and when there is no cluster, its files are read where
    the share is mounted. They are those of the objects (backend `posix` of versitygw).
    """
    found = target(settings)
    if found is None or settings.backup is None:
        raise BackupError("the stack file declares no backups (home-cluster:backup); name a directory: TO=<directory>")
    if (nfs := settings.backup.target.nfs) is not None:
        share = f"{nfs.server}:{nfs.path}"
        lines = (line.split() for line in MOUNTS.read_text(encoding="utf-8").splitlines()) if MOUNTS.exists() else ()
        mounted = [Path(there) for device, there, *_ in lines if device.rstrip("/") == share.rstrip("/")]
        if not mounted:
            raise BackupError(f"{share} is not mounted on this machine: mount it, or name a directory: TO=<directory>")
        return directory(mounted[0] / found.bucket, found.cluster)
    keys = _keys(secrets.get(ACCESS_KEY, ""))
    return of(found, keys["accessKeyId"], keys["secretAccessKey"])


def of(found: Target, access_key_id: str, secret_access_key: str) -> Store:
    """The folder of a cluster in a bucket."""
    backend = S3Store(
        found.bucket,
        prefix=found.cluster,
        endpoint=found.endpoint,
        region=found.region,
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        client_options={"allow_http": True, "connect_timeout": timedelta(seconds=5), "timeout": timedelta(minutes=2)},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
    )
    return Store(backend=backend, address=f"s3://{found.bucket}/{found.cluster}")


def _keys(text: str) -> dict[str, str]:
    if not text:
        raise BackupError(f"the key pair of the target ({ACCESS_KEY}) cannot be opened; is the passphrase at hand?")
    found: dict[str, str] = json.loads(text)
    return found
