"""What archives Postgres: the barman-cloud plugin of CloudNativePG, and where it sends the archive."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.backup.access import VARIABLES, BackupAccessArgs, backup_access
from components.backup.target import SEALED_BUCKET, SEALED_ENDPOINT
from components.custom_resource import CustomResourceArgs, custom_resource, value_after
from components.helm import ReleaseArgs, release
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from lib.charts import Chart
from lib.kubernetes import resources
from lib.names import POSTGRES_CLUSTER

OPERATOR_MEMORY, SIDECAR_MEMORY = 128, 512
"""In MiB: of the plugin, and of what runs beside each instance, which holds the parts of two uploads at once."""


@dataclass(frozen=True, kw_only=True)
class PostgresArchiveArgs:
    """Where the archive goes.

    Attributes:
        chart: That of the plugin.
        operator: The operator, which the plugin registers with; both are in `operator_namespace`.
        namespace: That of the Cluster.
        certificate_secret: Secret there whose ca.crt signed the certificate of the gateway, too.
        store: The ready ClusterSecretStore.
        gateway: What takes the archive serves.
    """

    chart: Chart
    operator: pulumi.Resource
    operator_namespace: pulumi.Input[str]
    namespace: Namespace
    retention_days: int
    certificate_secret: pulumi.Input[str]
    secrets: PlatformSecrets
    store: pulumi.Resource
    gateway: pulumi.Resource


class PostgresArchive(pulumi.ComponentResource):
    """Creates:

    - `<name>-plugin`: Release of the plugin.
    - `<name>-access`: ExternalSecret of the key pair.
    - `<name>-store`: the ObjectStore.

    Attributes:
        object_store: Name of the ObjectStore; a Cluster that uses it comes after it, and after what it needs.
    """

    object_store: pulumi.Output[str]

    def __init__(self, name: str, args: PostgresArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:databases/postgres_archive:PostgresArchive", name, None, opts)
        plugin = release(
            f"{name}-plugin",
            ReleaseArgs(
                chart=args.chart,
                release="plugin-barman-cloud",
                namespace=args.operator_namespace,
                values=values(),
            ),
            # Its rights name the definitions of the operator.
            pulumi.ResourceOptions(parent=self, depends_on=[args.operator]),
        )
        access = backup_access(
            f"{name}-access",
            BackupAccessArgs(namespace=args.namespace, secrets=args.secrets, store_ready=[args.store]),
            pulumi.ResourceOptions(parent=self),
        )
        store = custom_resource(
            f"{name}-store",
            CustomResourceArgs(
                api_version="barmancloud.cnpg.io/v1",
                kind="ObjectStore",
                name=POSTGRES_CLUSTER,
                namespace=args.namespace.namespace,
                spec=object_store(access, args.certificate_secret, args.retention_days),
                wait_for=None,
            ),
            # The release brings the definition; the gateway is known by its address alone.
            pulumi.ResourceOptions(parent=self, depends_on=[plugin, args.gateway]),
        )
        self.object_store = value_after(store, POSTGRES_CLUSTER)
        self.register_outputs({"object_store": self.object_store})


def values() -> dict[str, Any]:
    """Values of the chart 0.7.1. Its own issuer signs what the operator and the plugin know each other by."""
    return {"crds": {"create": True}, "resources": resources("20m", f"{OPERATOR_MEMORY}Mi")}


def object_store(access: pulumi.Input[str], certificate_secret: pulumi.Input[str], retention_days: int) -> Any:
    """Spec of the ObjectStore (its api/v1, and pkg/api of cloudnative-pg/barman-cloud). The gateway encrypts:
    `encryption` would only ask the target to.
    """
    credentials = {"accessKeyId": "access-key-id", "secretAccessKey": "secret-access-key"}
    return {
        "retentionPolicy": f"{retention_days}d",
        "configuration": {
            "destinationPath": f"s3://{SEALED_BUCKET}/",
            "endpointURL": SEALED_ENDPOINT,
            "endpointCA": {"name": certificate_secret, "key": "ca.crt"},
            "s3Credentials": {key: {"name": access, "key": VARIABLES[field]} for key, field in credentials.items()},
            "wal": {"compression": "gzip", "maxParallel": 2},
            # Beside what the services do: a checkpoint at once instead of within minutes, two files at a time.
            "data": {"compression": "gzip", "jobs": 2, "immediateCheckpoint": True},
        },
        "instanceSidecarConfiguration": {
            # Over TLS the AWS SDK sends a checksum behind a part, in chunks without a length, which rclone refuses
            # (MissingContentLength); barman-cloud-backup then never ends.
            "env": [{"name": "AWS_REQUEST_CHECKSUM_CALCULATION", "value": "when_required"}],
            "resources": resources("50m", f"{SIDECAR_MEMORY}Mi"),
        },
    }
