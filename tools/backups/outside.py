"""Where the bench of a part backs up to: a directory, or a bucket of an S3 server of the loopback."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from components.backup.access import VARIABLES
from components.backup.sending import remote
from components.backup.target import Part
from components.backup.target import Target as Bucket
from components.backup.volumes import repository
from tools.backups import store
from tools.backups.store import Store
from tools.databases import s3
from tools.databases.s3 import S3Server

RETENTION_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A target.

    Attributes:
        store: As this machine reads it.
        bucket: The bucket; None for a directory.
        access: Variables of the Secret with its key pair.
        files: Directory in which this machine has the files of the cluster's folder.
    """

    store: Store
    files: Path
    bucket: Bucket | None = None
    access: Mapping[str, str] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """For the report of a drill."""
        return "the target is a directory" if self.bucket is None else "versitygw as the target"

    def sending(self, part: Part) -> dict[str, str]:
        """Variables with which the Job of a part sends what it made."""
        folder = {"RCLONE_CONFIG": "", "TARGET": f"{self.store.address}/{part}"}
        return {
            **(folder if self.bucket is None else remote(self.bucket, part)),
            **self.access,
            "RETENTION_DAYS": str(RETENTION_DAYS),
        }

    def repository(self, name: str) -> dict[str, str]:
        """Variables with which restic finds the repository of a volume."""
        if self.bucket is None:
            (self.files / Part.VOLUMES).mkdir(parents=True, exist_ok=True)
            return {"RESTIC_REPOSITORY": str(self.files / Part.VOLUMES / name)}
        return {
            "RESTIC_REPOSITORY": repository(name, self.bucket),
            "AWS_DEFAULT_REGION": self.bucket.region,
            **self.access,
        }


def directory(path: Path, cluster: str) -> Outside:
    """The folder of a cluster below a directory."""
    return Outside(store=store.directory(path, cluster), files=path / cluster)


def bucket(server: S3Server, name: str, cluster: str) -> Outside:
    """The folder of a cluster in a bucket of that server."""
    access = dict(zip(VARIABLES.values(), (s3.ACCESS_KEY_ID, server.secret_key), strict=True))
    made = Bucket(endpoint=server.endpoint, bucket=name, region=s3.REGION, cluster=cluster, gateway=False)
    files = server.folder / "data" / name / cluster
    return Outside(store=store.of(made, *access.values()), files=files, bucket=made, access=access)
