"""Where backups lie: a bucket, behind S3 for everybody, and in it one folder for each cluster and part.

Whoever encrypts what it backs up asks the target itself; databases go by the gateway, which encrypts (gateway_pod.py).
"""

from dataclasses import dataclass
from enum import StrEnum

from lib.names import SERVICES_DOMAIN, SystemNamespace
from settings.backup import BackupSettings
from settings.model import Settings

GATEWAY = "backup-gateway"
"""Name of the gateway's workload, and of its Service."""
GATEWAY_PORT, SEALED_PORT = 7070, 7443
"""Where it serves an NFS server to whoever encrypts by itself, and where it encrypts; the latter with TLS."""
GATEWAY_HOST = f"{GATEWAY}.{SystemNamespace.BACKUP}.{SERVICES_DOMAIN}"
SEALED_ENDPOINT = f"https://{GATEWAY_HOST}:{SEALED_PORT}"
SEALED_BUCKET, NFS_BUCKET = "databases", "backups"
"""Buckets of the gateway: the first is the folder of the databases in the target, the second the whole NFS server's."""
_NFS_REGION = "us-east-1"


class Part(StrEnum):
    """What is backed up, each in a folder of its own."""

    DATABASES = "databases"
    ETCD = "etcd"
    VAULT = "vault"
    VOLUMES = "volumes"
    STATE = "state"


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a client of S3 is told, from inside the cluster. Buckets are addressed by path, which every service takes.

    Attributes:
        endpoint: URL without a slash at its end.
        cluster: Name of the cluster, the folder of all its backups.
        gateway: Whether the endpoint is the gateway in the cluster.
    """

    endpoint: str
    bucket: str
    region: str
    cluster: str
    gateway: bool

    def path(self, part: Part) -> str:
        """Folder of a part in the bucket."""
        return f"{self.cluster}/{part}"

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Namespaces of the cluster that clients have to reach; none where the target lies outside."""
        return (SystemNamespace.BACKUP.value,) if self.gateway else ()


def target(settings: Settings) -> Target | None:
    """That of the stack file; None without the section `backup`."""
    return None if settings.backup is None else _target(settings.backup, settings.cluster.name)


def _target(backup: BackupSettings, cluster: str) -> Target:
    s3 = backup.target.s3
    if s3 is None:
        endpoint = f"http://{GATEWAY_HOST}:{GATEWAY_PORT}"
        return Target(endpoint=endpoint, bucket=NFS_BUCKET, region=_NFS_REGION, cluster=cluster, gateway=True)
    endpoint = s3.endpoint.rstrip("/")
    return Target(endpoint=endpoint, bucket=s3.bucket, region=s3.region, cluster=cluster, gateway=False)
