"""The target as an S3 server has it: what is said of what it refuses, and what outlives whoever deletes it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stack_file.load import load_stack_file
from tests.real.databases.story import LOCK_DAYS
from tests.stack_file.stacks import SHIPPED
from tools import real_programs, real_servers
from tools.backups import outside, volumes_bench
from tools.backups.outside import Outside
from tools.backups.store import BackupError
from tools.databases.s3 import S3Server
from tools.databases.site import BUCKET, bucket
from tools.files import UnavailableError

CLUSTER = "home"
_VERSION = re.compile(
    r"<(Version|DeleteMarker)>(?:(?!</\1>).)*?<Key>(.*?)</Key>(?:(?!</\1>).)*?<VersionId>(.*?)</VersionId>", re.S
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One with a bucket under object lock."""
    with bucket(tmp_path_factory.mktemp("target"), "secret-of-the-target", LOCK_DAYS) as made:
        yield made


@pytest.fixture
def target(server: S3Server) -> Outside:
    return outside.bucket(server, BUCKET, CLUSTER)


def versions(server: S3Server, prefix: str) -> list[tuple[str, str, str]]:
    """Kind, key and id of each version below a prefix, the newest first."""
    query = f"max-keys=1000&prefix={prefix.replace('/', '%2F')}&versions="
    return _VERSION.findall(server.ask("GET", f"/{BUCKET}", query).decode())


def test_more_files_are_seen_than_one_answer_lists(target: Outside) -> None:
    folder = target.files / "etcd"
    folder.mkdir(parents=True)
    for number in range(1100):
        (folder / f"{number:04}.tar.age").write_bytes(b"a")
    assert len(target.store.copies("etcd")) == 1100, "a listing of S3 ends at 1000"


@pytest.mark.parametrize(
    ("changed", "name", "says"),
    [
        ({"secret_key": "another"}, BUCKET, "SignatureDoesNotMatch"),
        ({}, "no-bucket", "NoSuchBucket"),
        ({"port": 1}, BUCKET, "Connection refused"),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_runbook(
    server: S3Server, changed: dict[str, Any], name: str, says: str
) -> None:
    store = outside.bucket(replace(server, **changed), name, CLUSTER).store
    with pytest.raises(BackupError, match=rf"cannot list vault: .*{says}"):
        store.copies("vault")
    with pytest.raises(BackupError, match=rf"cannot write vault/one: .*{says}"):
        store.put("vault/one", b"a")


def test_what_was_removed_under_object_lock_is_there_as_a_version(server: S3Server, target: Outside) -> None:
    """So a state that is pruned, or deleted by whoever has the key pair of the cluster, comes back."""
    target.store.put("state/one.tar.age", b"kept")
    target.store.remove("state/one.tar.age")
    assert target.store.copies("state") == []
    (marker, locked) = versions(server, f"{CLUSTER}/state")
    assert (marker[0], locked[0]) == ("DeleteMarker", "Version")
    with pytest.raises(BackupError, match="AccessDenied"):
        server.ask("DELETE", f"/{BUCKET}/{locked[1]}", f"versionId={locked[2]}")
    server.ask("DELETE", f"/{BUCKET}/{marker[1]}", f"versionId={marker[2]}")
    assert target.store.get("state/one.tar.age") == b"kept"


def test_volumes_come_back_from_a_bucket_of_which_everything_was_deleted(
    server: S3Server, target: Outside, tmp_path: Path
) -> None:
    try:
        real_servers.find(real_programs.RESTIC)
    except UnavailableError as error:
        pytest.skip(str(error))
    with volumes_bench.bench(load_stack_file(SHIPPED), tmp_path, target) as bench:
        bench.write("before")
        bench.back_up()
        bench.write("after")
        bench.back_up()  # prunes as well
        bench.destroy()
        for copy in target.store.copies("volumes"):
            target.store.remove(copy.name)
        with pytest.raises(BackupError, match="there is no repository"):
            bench.restore()
        for kind, key, version in versions(server, f"{CLUSTER}/volumes"):
            # A lock that comes back holds up every run, until it is half an hour old.
            if kind == "DeleteMarker" and "/locks/" not in key:
                server.ask("DELETE", f"/{BUCKET}/{key}", f"versionId={version}")
        bench.restore()
        assert bench.sentinel() == "after"
