"""Postgres in the target of backups, and back: what the Cluster, its archive and the gateway say."""

from typing import Any

import pytest

from components.databases.archive import PLUGIN
from components.monitoring.backup_alerts import alerts
from lib.kubernetes import quantity_bytes
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recorded, Recording
from tests.support.program import record_program
from tests.support.variants import changed

EVERY_KEY = FIXTURES / "valid" / "every-key.yaml"
RECOVERED = "    archive: 3\n    recovery: { archive: 1, time: '2026-11-27T10:00:00Z', holdOff: true }\n"


@pytest.fixture(scope="module")
def archived() -> Recording:
    return record_program(preview=False, stack_file=EVERY_KEY)


@pytest.fixture(scope="module")
def recovered() -> Recording:
    return changed("    durability: preferred\n", f"    durability: preferred\n{RECOVERED}", EVERY_KEY)


def cluster(recording: Recording) -> Recorded:
    return recording.one("kubernetes:postgresql.cnpg.io/v1:Cluster", "postgres-cluster")


def test_the_log_goes_to_the_first_archive(archived: Recording, update: Recording) -> None:
    (plugin,) = cluster(archived).get("spec", "plugins")
    parameters = {"barmanObjectName": "postgres", "serverName": "postgres-1"}
    assert plugin == {"name": PLUGIN, "isWALArchiver": True, "parameters": parameters}
    assert "initdb" in cluster(archived).get("spec", "bootstrap"), "it begins empty"
    assert "plugins" not in cluster(update).get("spec"), "without backups nobody archives"


def test_the_cluster_comes_after_what_takes_its_log(archived: Recording) -> None:
    for name in (
        "postgres-archive-store",
        "postgres-archive-plugin",
        "postgres-archive-access",
        "backup-gateway-service",
    ):
        (one,) = [found for found in archived.custom if found.name == name]
        assert archived.is_after(cluster(archived), one), f"{name}: or a recovery would find nobody"
    plugin, operator = (
        archived.one("kubernetes:helm.sh/v3:Release", f"postgres-{name}") for name in ("archive-plugin", "operator")
    )
    assert archived.is_after(plugin, operator), "it registers with the operator, and its rights name its kinds"


def test_databases_are_encrypted_on_their_way(archived: Recording) -> None:
    """Of barman-cloud, `encryption` is a header that asks the target to (cloudnative-pg/barman-cloud, pkg/api)."""
    store = archived.one("kubernetes:barmancloud.cnpg.io/v1:ObjectStore", "postgres-archive-store")
    configuration: dict[str, Any] = store.get("spec", "configuration")
    assert configuration["endpointURL"] == "https://backup-gateway.backup.svc.cluster.local:7443"
    assert configuration["endpointCA"] == {"name": "postgres-tls", "key": "ca.crt"}, "the platform's CA signed both"
    assert store.get("spec", "retentionPolicy") == "60d"
    deployment = archived.one("kubernetes:apps/v1:Deployment", "backup-gateway")
    (container,) = deployment.get("spec", "template", "spec", "containers")
    said = {one["name"]: one.get("value") for one in container["env"]}
    assert said["RCLONE_CONFIG_SEALED_REMOTE"] == "target:home-backups/home/databases"
    assert said["RCLONE_CONFIG_BUCKETS_UPSTREAMS"] == "databases=sealed:", "and no way past the encryption"
    assert (said["RCLONE_CONFIG_SEALED_TYPE"], said["RCLONE_CERT"]) == ("crypt", "/tls/tls.crt"), "never in clear"
    assert said["RCLONE_CONFIG_SEALED_FILENAME_ENCRYPTION"] == "off", "people find their way in the target"
    assert "BACKUP_PASSWORD" in said


def test_the_schedule_has_seconds_and_begins_at_once(archived: Recording) -> None:
    spec = archived.one("kubernetes:postgresql.cnpg.io/v1:ScheduledBackup", "postgres-backups").get("spec")
    assert (spec["schedule"], spec["immediate"], spec["method"]) == ("0 0 2 * * *", True, "plugin")
    gate = archived.one("kubernetes:batch/v1:Job", "postgres-archived")
    (container,) = gate.get("spec", "template", "spec", "containers")
    (objects,) = [one["value"] for one in container["env"] if one["name"] == "OBJECTS"]
    assert objects.count("/clusters/postgres=") == 2, "the log, and a base backup"


def test_what_comes_back_is_another_cluster_with_an_archive_of_its_own(
    archived: Recording, recovered: Recording
) -> None:
    spec = cluster(recovered).get("spec")
    (plugin,), (source,) = spec["plugins"], spec["externalClusters"]
    assert plugin["parameters"]["serverName"] == "postgres-3"
    assert source["plugin"]["parameters"]["serverName"] == "postgres-1"
    recovery = spec["bootstrap"]["recovery"]
    assert (recovery["source"], recovery["recoveryTarget"]) == (source["name"], {"targetTime": "2026-11-27T10:00:00Z"})
    assert (cluster(archived).replacement_trigger, cluster(recovered).replacement_trigger) == ("1", "3")


def test_nobody_writes_while_somebody_looks(archived: Recording, recovered: Recording) -> None:
    def callers(recording: Recording) -> set[str]:
        rules = recording.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "postgres-ingress").get(
            "spec", "ingress"
        )
        peers = [peer for rule in rules for peer in rule["from"] if "namespaceSelector" in peer]
        return {peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in peers}

    assert callers(recovered) == {"cnpg-system", "monitoring"}
    assert callers(archived) > callers(recovered)


def test_an_nfs_server_is_a_bucket_for_those_who_encrypt_themselves() -> None:
    old = "      s3: { endpoint: 'https://s3.example.com:3900', bucket: home-backups, region: garage }\n"
    recording = changed(old, "      nfs: { server: 10.2.0.5, path: /export/home }\n", EVERY_KEY)
    volume = recording.one("kubernetes:core/v1:PersistentVolume", "backup-gateway-volume")
    assert volume.get("spec", "nfs") == {"server": "10.2.0.5", "path": "/export/home"}
    assert volume.get("spec", "persistentVolumeReclaimPolicy") == "Retain", "the directory is not the cluster's"
    claim = recording.one("kubernetes:core/v1:PersistentVolumeClaim", "backup-gateway-claim")
    assert claim.get("spec", "storageClassName") == "", "the default class would make a volume"
    pod = recording.one("kubernetes:apps/v1:Deployment", "backup-gateway").get("spec", "template", "spec")
    served = recording.one("kubernetes:core/v1:Service", "backup-gateway-service")
    assert recording.is_after(served, recording.one("kubernetes:apps/v1:Deployment", "backup-gateway")), (
        "it makes endpoints"
    )
    sealed, plain = pod["containers"]
    said = {one["name"]: one.get("value") for one in sealed["env"]}
    assert said["RCLONE_CONFIG_SEALED_REMOTE"] == "/data/home/databases"
    assert "BACKUP_PASSWORD" not in {one["name"] for one in plain["env"]}
    assert not any("nfs" in one for one in pod["volumes"]), "the restricted standard takes it by a claim alone"


def test_a_weekly_backup_is_not_late_after_two_days() -> None:
    (late,) = [one for one in alerts("0 3 * * 6") if one.name == "PostgresBackupTooOld"]
    assert f" > {(7 * 24 + 12) * 3600} " in late.expression


def test_a_file_as_long_as_the_tool_makes_it_fits_into_the_parts_of_a_bucket(archived: Recording) -> None:
    """Nobody who encrypts knows how long a file gets: parts do not grow with it (rclone 1.76, backend/s3/s3.go)."""
    (sealed,) = archived.one("kubernetes:apps/v1:Deployment", "backup-gateway").get(
        "spec", "template", "spec", "containers"
    )
    said = {one["name"]: one.get("value", "") for one in sealed["env"]}
    part = quantity_bytes(said["RCLONE_CONFIG_TARGET_CHUNK_SIZE"])
    assert 10_000 * part > 100 * 10**9, "barman, clients/cloud_backup.py, --max-archive-size"
    assert 4 * part * 2 < quantity_bytes(sealed["resources"]["limits"]["memory"]) / 2, "two uploads, four parts of each"
