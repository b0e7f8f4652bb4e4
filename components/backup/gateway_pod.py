"""Pod of the gateway: rclone, which serves S3 and encrypts the databases on their way.

CloudNativePG's tool asks its target to encrypt, or nobody does (`encryption` of an ObjectStore is a header of S3).
Settings: rclone 1.76, docs/content of its backends `crypt`, `combine` and `s3`, cmd/serve/s3/serve_s3.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.backup.target import GATEWAY, GATEWAY_PORT, NFS_BUCKET, SEALED_BUCKET, SEALED_PORT, Part
from lib.images import RCLONE
from lib.kubernetes import from_secret, resources, restricted_container, restricted_pod
from settings.backup import NfsTarget, S3Target

LABELS: Mapping[str, str] = {"app.kubernetes.io/name": GATEWAY, "app.kubernetes.io/part-of": "home-cluster"}
MEMORY = 512
"""Of each container, in MiB: what is buffered of two uploads, whose parts come out of order, and rclone itself."""
CHUNK = 16
"""Of an upload, in MiB. Four of a file lie in memory; a bucket takes 10,000, and how long a file gets nobody knows who
encrypts it (rclone 1.76, backend/s3/s3.go, chunk_size), which the tool of Postgres begins anew after 100 GB (barman,
clients/cloud_backup.py, --max-archive-size)."""
SCRIPT = "backup_gateway.sh"
_SCRIPTS, _TLS, _DATA, _SCRATCH = "/scripts", "/tls", "/data", "/tmp"  # noqa: S108 (a volume of the pod)


@dataclass(frozen=True, kw_only=True)
class PodArgs:
    """What the pod is given.

    Attributes:
        cluster: Name of the cluster, the folder of all its backups.
        target: Where the backups go.
        script: ConfigMap with the script.
        access: Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, of the target and of the gateway's clients.
        password: Secret with the password that databases are encrypted with, and its key.
        certificate: Secret with tls.crt and tls.key.
        claim: Claim of the directory of an NFS server; None for a bucket.
    """

    cluster: str
    target: S3Target | NfsTarget
    script: pulumi.Input[str]
    access: pulumi.Input[str]
    password: tuple[pulumi.Input[str], str]
    certificate: pulumi.Input[str]
    claim: pulumi.Input[str] | None


def deployment(args: PodArgs) -> Any:
    """Spec of the Deployment. One pod, never two at once: each remembers which objects there are."""
    return {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": dict(LABELS)},
        "template": {"metadata": {"labels": dict(LABELS)}, "spec": _pod(args)},
    }


def service(ports: Sequence[int]) -> Any:
    """Spec of the Service."""
    names = {SEALED_PORT: "sealed", GATEWAY_PORT: "plain"}
    return {"selector": dict(LABELS), "ports": [{"name": names[one], "port": one, "targetPort": one} for one in ports]}


def _pod(args: PodArgs) -> dict[str, Any]:
    nfs = [{"name": "data", "persistentVolumeClaim": {"claimName": args.claim}}] if args.claim is not None else []
    return {
        "automountServiceAccountToken": False,
        "securityContext": restricted_pod(),
        "containers": [
            _container(args, "sealed", SEALED_PORT, sealing(args.target, args.cluster)),
            *([_container(args, "plain", GATEWAY_PORT, plain())] if isinstance(args.target, NfsTarget) else []),
        ],
        "volumes": [
            {"name": "scripts", "configMap": {"name": args.script}},
            {"name": "tls", "secret": {"secretName": args.certificate}},
            {"name": "scratch", "emptyDir": {}},
            *nfs,
        ],
    }


def _container(args: PodArgs, name: str, port: int, plain: Mapping[str, str]) -> dict[str, Any]:
    answers = {"tcpSocket": {"port": port}}
    sealed = port == SEALED_PORT
    password = [from_secret("BACKUP_PASSWORD", *args.password)] if sealed else []
    mounts = {"scripts": _SCRIPTS, "scratch": _SCRATCH} | ({"tls": _TLS} if sealed else {})
    mounts |= {"data": _DATA} if args.claim is not None else {}
    return {
        "name": name,
        "image": RCLONE,
        "command": ["/bin/sh", f"{_SCRIPTS}/{SCRIPT}"],
        "env": [*({"name": variable, "value": value} for variable, value in plain.items()), *password],
        "envFrom": [{"secretRef": {"name": args.access}}],
        "ports": [{"name": name, "containerPort": port}],
        "readinessProbe": answers,
        "livenessProbe": {**answers, "failureThreshold": 10},
        "resources": resources("50m", f"{MEMORY}Mi"),
        "securityContext": restricted_container(),
        "volumeMounts": [{"name": volume, "mountPath": path} for volume, path in mounts.items()],
    }


def sealing(target: S3Target | NfsTarget, cluster: str, data: str = _DATA) -> dict[str, str]:
    """Variables of the rclone that encrypts; `data` is where the NFS volume is mounted.

    Names stay as they are, so that people and tools find their way in the target.
    """
    root = data if isinstance(target, NfsTarget) else f"target:{target.bucket}"
    return {
        **_serving(SEALED_PORT, f"{SEALED_BUCKET}=sealed:"),
        "RCLONE_CERT": f"{_TLS}/tls.crt",
        "RCLONE_KEY": f"{_TLS}/tls.key",
        "RCLONE_CONFIG_SEALED_TYPE": "crypt",
        "RCLONE_CONFIG_SEALED_REMOTE": f"{root}/{cluster}/{Part.DATABASES}",
        "RCLONE_CONFIG_SEALED_FILENAME_ENCRYPTION": "off",
        "RCLONE_CONFIG_SEALED_DIRECTORY_NAME_ENCRYPTION": "false",
        "RCLONE_CONFIG_SEALED_SUFFIX": "none",
        **(_of_bucket(target) if isinstance(target, S3Target) else {}),
    }


def plain(data: str = _DATA) -> dict[str, str]:
    """Variables of the rclone that serves an NFS server as it is."""
    return _serving(GATEWAY_PORT, f"{NFS_BUCKET}={data}")


def _serving(port: int, upstream: str) -> dict[str, str]:
    """One bucket: a directory of the remote that is served, which `combine` makes of another."""
    return {
        "XDG_CACHE_HOME": _SCRATCH,
        "XDG_CONFIG_HOME": _SCRATCH,
        "RCLONE_ADDR": f":{port}",
        "RCLONE_CONFIG_BUCKETS_TYPE": "combine",
        "RCLONE_CONFIG_BUCKETS_UPSTREAMS": upstream,
        "RCLONE_MULTIPART_STREAMING_BUFFER_LIMIT": "128M",
    }


def _of_bucket(target: S3Target) -> dict[str, str]:
    return {
        "RCLONE_CONFIG_TARGET_TYPE": "s3",
        "RCLONE_CONFIG_TARGET_PROVIDER": "Other",
        "RCLONE_CONFIG_TARGET_ENDPOINT": target.endpoint.rstrip("/"),
        "RCLONE_CONFIG_TARGET_REGION": target.region,
        "RCLONE_CONFIG_TARGET_ENV_AUTH": "true",
        "RCLONE_CONFIG_TARGET_CHUNK_SIZE": f"{CHUNK}Mi",
        "RCLONE_CONFIG_TARGET_NO_CHECK_BUCKET": "true",
    }
