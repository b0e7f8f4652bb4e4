"""A snapshot of one real Vault comes back in another, by what `make restore` and `make restore-drill` do."""

import base64
import json
import ssl
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyrage
import pytest

from doubles.loopback import Reply, Request
from doubles.loopback import serving as served
from stack_file.load import load_stack_file
from tests.real.vault.server import ACTIVE, SEALED, Server, initialised, serving
from tests.real.vault.site import Site
from tests.stack_file.stacks import SHIPPED
from tests.tools.backups.faults import OF_AGE
from tools.backups import part, store, vault
from tools.backups.drill import tried
from tools.backups.part import Fault, Wanted
from tools.backups.registry import PARTS
from tools.backups.state_bench import new_key
from tools.backups.store import BackupError
from tools.backups.vault_restore import Kept, Present, restore
from tools.backups.vault_server import VaultServer
from tools.cluster import Api

SENTINEL, SNAPSHOT = "kv/data/people/jane/sentinel", "sys/storage/raft/snapshot"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


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


@dataclass
class Cluster:
    """An API server with the Secret of Vault, which asks Vault's pod for others."""

    vault: Server
    secret: dict[str, str] = field(default_factory=dict)

    def respond(self, request: Request) -> Reply:
        path = request.path.removeprefix("/api/v1/namespaces/vault/")
        if path.startswith("pods?"):
            return Reply(200, {"items": [{"metadata": {"name": "vault-0", "labels": {}}}]})
        if path.startswith("pods/https:vault-0:8200/proxy/"):
            return self._passed_on(request, path.partition("/proxy/")[2])
        assert path == "secrets/vault-keys"
        if request.method == "PATCH":
            merged = self.secret | json.loads(request.body)["data"]
            self.secret = {name: value for name, value in merged.items() if value is not None}
        return Reply(200, {"data": self.secret})

    def _passed_on(self, request: Request, path: str) -> Reply:
        tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=self.vault.trust))
        headers = {name: value for name, value in request.headers.items() if name.lower().startswith("x-")}
        asked = urllib.request.Request(  # noqa: S310 - https on the loopback
            f"{self.vault.api.address}/{path}", method=request.method, headers=headers, data=request.body or None
        )
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({}), tls).open(asked) as answer:
                return Reply(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, error.read())


def archived(kept: Kept, recipient: str) -> bytes:
    """As the Job leaves it."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        keys = {f"keys/{name}": value.encode() for name, value in kept.keys.items()}
        for name, content in {"vault.snap": kept.snapshot, **keys}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, BytesIO(content))
    return pyrage.encrypt(buffer.getvalue(), [pyrage.x25519.Recipient.from_str(recipient)])


def test_make_restore_reaches_vault_and_its_keys_through_the_api_server(
    kept: Kept, other: Server, tmp_path: Path
) -> None:
    key, there = tmp_path / "key.txt", store.directory(tmp_path / "target", "home")
    there.put("vault/2026-11-27T063500Z.tar.age", archived(kept, new_key(key)))
    cluster = Cluster(
        other, {name: base64.b64encode(value.encode()).decode() for name, value in initialised(other).items()}
    )
    engine: Any = SimpleNamespace(stack="home", call=lambda *_: "{}")
    with served(cluster.respond) as double:
        api = Api(server=double.url, opener=OPENER, headers={})

        class Connected(part.Site):
            def connect(self) -> Api:
                return api

        connected = Connected(engine=engine, settings=load_stack_file(SHIPPED), store=there)
        first, then = vault.plan(connected, Wanted(key=key))
        assert "with vault-root, vault-unseal-0" in first.does, "seen before anything is done"
        assert then.command == "make refresh STACK=home && make up STACK=home"
        assert first.run is not None
        first.run()
    assert {name: base64.b64decode(value).decode() for name, value in cluster.secret.items()} == kept.keys
    assert sentinel(other, kept) == "now"


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
