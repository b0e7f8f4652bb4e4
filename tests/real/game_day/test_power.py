"""The power of everything goes, and what is real here comes back by itself (docs/runbooks/disasters.md)."""

import threading
from pathlib import Path

import pytest

from stack_file.load import load_stack_file
from tests.real.game_day.test_game_day import BACKUP
from tests.stack_file.stacks import SHIPPED
from tools import real_programs, real_servers
from tools.backups import vault_bench
from tools.backups.store import BackupError
from tools.databases import bench, postgres, site
from tools.files import UnavailableError
from tools.game_day.members import Member, waited
from tools.game_day.vault_pod import VaultPod

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def programs() -> None:
    """Without one of the programs nothing is tried."""
    try:
        for program in (real_programs.ETCD, real_programs.VAULT, *BACKUP):
            real_servers.find(program)
        postgres.programs()
    except (BackupError, UnavailableError) as error:
        pytest.skip(str(error))


def test_etcd_finds_its_majority_in_whatever_order_its_members_come_back(tmp_path: Path) -> None:
    machines = [Member(name=f"c{one}", address=f"10.2.1.{one}", data=tmp_path / f"c{one}") for one in range(3)]
    try:
        for one in machines:
            one.start(machines, "new")
        waited(machines[0].leads_or_follows, "etcd does not come up")
        machines[0].server.put("/registry/one", "written last")
        for one in machines:
            one.stop()
        first, second, third = reversed(machines)
        first.start(machines, "new")
        second.start(machines, "new")
        waited(first.leads_or_follows, "two of three find no leader")
        assert first.server.get("/registry/one") == "written last"
        third.start(machines, "new")
        waited(third.leads_or_follows, "the last one does not follow")
    finally:
        for one in machines:
            one.stop()


def test_vault_is_unsealed_by_its_sidecar(tmp_path: Path) -> None:
    with vault_bench.bench(load_stack_file(SHIPPED), tmp_path) as made:
        made.write("written last")
        pod = VaultPod(bench=made, secret=dict(made.keys))
        made.process.stop()
        made.process.resume()
        assert pod.problem == "sealed"
        sidecar = threading.Thread(target=pod.unsealing)
        sidecar.start()
        try:
            waited(lambda: not pod.problem, "it stays sealed")
        finally:
            pod.end()
            sidecar.join()
        assert made.sentinel() == "written last"


def test_postgres_recovers_and_goes_on_to_write_to_its_archive(tmp_path: Path) -> None:
    with site.staged(tmp_path) as made:
        drill = bench.DatabasesBench(site=made, postgres=made.postgres("postgres", 1))
        try:
            drill.begin()
            drill.back_up()
            drill.write("written last")
            # All at once, the way to the archive as well.
            drill.postgres.stop()
            made.gateway.stop()
            made.gateway.start()
            drill.postgres.start()
            assert drill.sentinel() == "written last"
            assert made.archive(1).backups(), "what was archived before is still read"
            drill.postgres.archive()
        finally:
            drill.postgres.stop()
