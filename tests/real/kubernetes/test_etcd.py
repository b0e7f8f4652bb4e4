"""etcd comes back from what the CronJob leaves. Real: etcd, age, rclone, and etcdutl, whose package Talos calls."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from components.backup.etcd import SNAPSHOT
from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tests.tools.backups.faults import OF_AGE
from tools import real_servers
from tools.backups import archive, etcd, etcd_bench
from tools.backups.drill import tried
from tools.backups.etcd_bench import PROGRAMS, EtcdBench
from tools.backups.part import Fault
from tools.backups.registry import PARTS
from tools.backups.store import BackupError
from tools.files import UnavailableError

SETTINGS = load_stack_file(SHIPPED)
PART = next(part for part in PARTS if part.name == etcd.NAME)


@pytest.fixture(autouse=True)
def programs() -> None:
    """Without one of the programs nothing is tried."""
    try:
        for program in PROGRAMS:
            real_servers.find(program)
    except UnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[EtcdBench]:
    with etcd_bench.bench(SETTINGS, tmp_path) as made:
        assert isinstance(made, EtcdBench), "what the drill plays on"
        yield made


@pytest.mark.parametrize(
    ("fault", "says"),
    OF_AGE,
)
def test_the_drill_holds_unless_a_fault_is_planted(fault: Fault | None, says: str, tmp_path: Path) -> None:
    trial = tried(PART, SETTINGS, tmp_path, fault)
    assert says in trial.problem
    assert (trial.problem != "") == (fault is not None), "it can fail, and does not by itself"
    assert trial.what.startswith("real: "), "whoever reads the report knows on what it ran"


def test_every_key_comes_back_with_the_revision_that_wrote_it(bench: EtcdBench) -> None:
    server = bench.start()
    for number in range(200):
        server.put(f"/registry/secrets/default/{number % 150}", "x" * number)
    before = server.keys()
    bench.back_up()
    server.put("/registry/secrets/default/later", "lost")
    bench.destroy()
    assert not (bench.folder / "data").exists(), "all that is left is the archive"
    bench.restore()
    assert bench.server is not None, "it runs"
    assert bench.server.keys() == before, "with old values where keys were written twice, and nothing that came later"
    assert bench.server.members() == ["default"], "alone, whoever was a member before"


@pytest.mark.parametrize("cut", [512, 4096, None])
def test_a_snapshot_that_was_cut_before_it_was_encrypted_is_refused(bench: EtcdBench, cut: int | None) -> None:
    bench.write("whole")
    bench.back_up()
    (copy,) = bench.outside.store.copies(etcd.NAME)
    snapshot = etcd.taken(bench.outside.store, copy, bench.key)
    spoilt = snapshot[:-cut] if cut else snapshot[: len(snapshot) // 2 // 512 * 512 + hashlib.sha256().digest_size]
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        member = tarfile.TarInfo(SNAPSHOT)
        member.size = len(spoilt)
        tar.addfile(member, io.BytesIO(spoilt))
    recipients = [one.to_public() for one in archive.keys(bench.key)]
    bench.outside.store.put(copy.name, pyrage.encrypt(content.getvalue(), recipients))
    bench.destroy()
    with pytest.raises(BackupError, match="holds no whole snapshot"):
        bench.restore()
    file = bench.folder / "cut"
    file.write_bytes(spoilt)
    with pytest.raises(BackupError, match="etcdutl: Error: "):
        bench.run("etcdutl", "snapshot", "restore", str(file), "--data-dir", str(bench.folder / "other"))
