"""A snapshot of one real Vault comes back in another, by what `make restore` and `make restore-drill` do."""

import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from stack_file.load import load_stack_file
from tests.real.vault.server import ACTIVE, SEALED, Server, initialised, serving
from tests.real.vault.site import Site
from tests.real.vault.three import gathered, keep_unsealing, leader, sidecars, three_servers
from tests.stack_file.stacks import SHIPPED
from tests.tools.backups.faults import OF_AGE
from tools.backups.drill import tried
from tools.backups.part import Fault
from tools.backups.registry import PARTS
from tools.backups.store import BackupError
from tools.backups.vault_restore import Kept, Present, restore
from tools.backups.vault_server import VaultServer

SENTINEL, SNAPSHOT = "kv/data/people/jane/sentinel", "sys/storage/raft/snapshot"


@pytest.fixture(scope="module")
def kept(site: Site) -> Kept:
    """Taken right after the sentinel was written."""
    site.root.expect("POST", SENTINEL, {"data": {"written": "now"}})
    return Kept(snapshot=site.root.expect("GET", SNAPSHOT).content, keys=site.keys)


@pytest.fixture
def other(site: Site, tmp_path: Path) -> Iterator[Server]:
    """A server that was never initialised."""
    (tmp_path / "vault").mkdir()
    with serving(site.program, site.authority, site.server.binary, tmp_path / "vault") as server:
        yield server


def restored(server: Server, kept: Kept, held: Mapping[str, str], seconds: float = 60) -> dict[str, str]:
    """The Secret with the keys, which `held` these before, as the restore leaves it."""
    secret = dict(held)

    def put(keys: Mapping[str, str]) -> None:
        assert server.api.ask("GET", "sys/health").status == ACTIVE, "before the snapshot seals it"
        secret.clear()
        secret.update(keys)

    tls = ssl.create_default_context(cadata=server.trust)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls))
    client = VaultServer(root=f"{server.api.address}/v1", opener=opener)
    restore(client, kept, Present(keys=dict(secret), put=put), seconds)
    return secret


def sentinel(server: Server, kept: Kept) -> str:
    return str(server.api.using(kept.keys["vault-root"]).read(SENTINEL)["data"]["written"])


def test_it_comes_back_over_a_vault_that_bank_vaults_has_initialised(kept: Kept, other: Server) -> None:
    keys = initialised(other)
    assert restored(other, kept, keys) == kept.keys, "by which the sidecar unseals it from now on"
    assert sentinel(other, kept) == "now"
    gone = other.api.using(keys["vault-root"]).ask("GET", "auth/token/lookup-self")
    assert gone.status == 403, "the root token of the other is worth nothing"


def test_a_lost_disk_and_later_a_mistake_are_undone(kept: Kept, other: Server) -> None:
    secret = restored(other, kept, kept.keys)
    assert sentinel(other, kept) == "now", "in a server without data, whose Secret outlived it"
    other.api.using(kept.keys["vault-root"]).expect("DELETE", SENTINEL.replace("/data/", "/metadata/"))
    other.stop()
    other.start()
    assert restored(other, kept, secret) == kept.keys, "also when it is sealed at first"
    assert sentinel(other, kept) == "now"


@pytest.mark.parametrize("data_are_lost", [True, False])
def test_three_servers_come_back_with_the_key_of_the_backup(
    kept: Kept, site: Site, data_are_lost: bool, tmp_path: Path
) -> None:
    """The others follow by what their sidecars find in the Secret, and one of them may lead from then on."""
    with three_servers(site, tmp_path) as servers:
        held: dict[str, str] = {}
        if not data_are_lost:
            held = initialised(servers[0])
            for server in servers[1:]:
                keep_unsealing(server, held)
        asked = leader(servers) if held else servers[0]
        # Which of them leads afterwards is theirs to find.
        with sidecars([server for server in servers if server is not asked], dict(kept.keys)):
            secret = restored(asked, kept, held)
        first = gathered(servers, secret)
        first.stop()
        assert sentinel(leader([server for server in servers if server is not first]), kept) == "now"


def test_with_the_key_of_another_vault_it_stays_sealed_and_says_so(kept: Kept, other: Server) -> None:
    wrong = replace(kept, keys={**kept.keys, "vault-unseal-0": "00" * 32})
    with pytest.raises(BackupError, match="the key of the backup does not unseal it"):
        restored(other, wrong, {}, seconds=30)
    assert other.becomes(SEALED)


def test_what_cannot_be_restored_leaves_all_as_it_was(kept: Kept, other: Server) -> None:
    keys = initialised(other)
    half = replace(kept, snapshot=kept.snapshot[: len(kept.snapshot) // 2])
    with pytest.raises(BackupError, match="refuses sys/storage/raft/snapshot-force"):
        restored(other, half, keys)
    without = replace(kept, keys={"vault-root": "hvs.none"})
    with pytest.raises(BackupError, match="holds no vault-unseal-0: it was not in the cluster"):
        restored(other, without, keys)
    with pytest.raises(BackupError, match="takes no root token at hand"):
        restored(other, kept, {**keys, "vault-root": "hvs.old"})
    assert other.api.using(keys["vault-root"]).ask("GET", "sys/mounts").status == ACTIVE, "as it was"
    other.stop()
    other.start()
    with pytest.raises(BackupError, match="begin with an empty one"):
        restored(other, kept, kept.keys)


@pytest.mark.parametrize(
    ("fault", "says"),
    OF_AGE,
)
def test_the_drill_holds_unless_a_fault_is_planted(
    backup_tools: None, fault: Fault | None, says: str, tmp_path: Path
) -> None:
    del backup_tools
    (of_vault,) = (one for one in PARTS if one.name == "vault")
    trial = tried(of_vault, load_stack_file(SHIPPED), tmp_path, fault)
    assert trial.what.startswith("real: Vault, age and rclone")
    assert says in trial.problem
    assert (trial.problem != "") == (fault is not None)
