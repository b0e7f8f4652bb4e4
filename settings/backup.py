"""Section `backup` of the stack file: where backups go, when, for how long, and who can read them."""

from typing import Annotated

from pydantic import Field

from settings import shapes
from settings.age import recipient
from settings.shapes import Shape
from settings.types import Cron, Name, Server, Strict

Endpoint = Annotated[
    str,
    Shape(
        shapes.ENDPOINT,
        "the address of an S3 service; write one such as https://s3.example.com, without a path and without the bucket",
        "address of an S3 service",
        "https://s3.example.com",
    ),
]
Bucket = Annotated[
    str,
    Shape(
        shapes.BUCKET,
        "the name of a bucket; use 3 to 63 lower-case letters, digits, dots and dashes, such as home-backups",
        "name of a bucket",
        "home-backups",
    ),
]
ExportPath = Annotated[
    str,
    Shape(
        shapes.EXPORT_PATH,
        "the directory that an NFS server exports; write it from the root, such as /export/backups",
        "exported directory",
        "/export/backups",
    ),
]
Recipient = Annotated[
    str,
    recipient,
    Shape(
        shapes.AGE_RECIPIENT,
        "a public key of age; write what age-keygen prints behind `Public key:`, age1… in 62 characters",
        "public key of age",
    ),
]
Days = Annotated[int, Field(ge=1, le=3650)]


class S3Target(Strict):
    """A bucket of a service that speaks S3. Its keys are the secret backupAccessKey."""

    endpoint: Endpoint = Field(description="Where the service answers.")
    bucket: Bucket = Field(description="Bucket, which there must be already.")
    region: Name = Field(default="us-east-1", description="Region that requests are signed for.")


class NfsTarget(Strict):
    """A directory of an NFS server, on which a gateway in the cluster serves S3."""

    server: Server = Field(description="NFS server, outside the cluster.")
    path: ExportPath = Field(description="Directory that it exports to the nodes.")


class BackupTarget(Strict):
    """Where backups go: exactly one of the two."""

    s3: S3Target | None = Field(default=None, description="A bucket.")
    nfs: NfsTarget | None = Field(default=None, description="A directory of an NFS server.")

    @property
    def one(self) -> S3Target | NfsTarget | None:
        """The one of the two that there is."""
        return self.s3 or self.nfs


class BackupSchedules(Strict):
    """When each kind is backed up, in UTC."""

    databases: Cron = Field(default="15 1 * * *", description="Base backups of Postgres; its log follows all the time.")
    etcd: Cron = Field(default="5 */6 * * *", description="Snapshots of etcd.")
    vault: Cron = Field(default="35 */6 * * *", description="Snapshots of Vault.")
    volumes: Cron = Field(default="15 3 * * *", description="Volumes of the services.")


class BackupSettings(Strict):
    """Backups outside the cluster. Without this section there are none."""

    target: BackupTarget
    recipients: tuple[Recipient, ...] = Field(
        min_length=1,
        description="Public keys of age for what is encrypted before it leaves: each of the private keys, which lie "
        "outside the cluster, opens it.",
    )
    schedules: BackupSchedules = Field(default_factory=BackupSchedules)
    retention_days: Days = Field(default=30, description="Days for which a backup is kept.")
