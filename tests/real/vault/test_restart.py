"""What outlives the power: a server, and a cluster of three, on the configuration of the release."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.vault.server_config import replica_addresses
from tests.real.proxy import proxying
from tests.real.vault.server import ACTIVE, SEALED, STANDBY, Server, initialised, serving, unseal
from tests.real.vault.site import Site
from tests.support.engine import Recording
from tests.support.variants import changed

PATH, POLICY = "sys/policies/acl/kept", {"policy": 'path "a" { capabilities = ["read"] }'}
SECONDS = 60


def test_a_server_comes_back_sealed_with_all_it_held_and_the_stored_key_opens_it(site: Site, tmp_path: Path) -> None:
    with serving(site.program, site.authority, site.server.binary, tmp_path) as server:
        keys = initialised(server)
        root = server.api.using(keys["vault-root"])
        root.expect("POST", PATH, POLICY)
        for _ in range(2):
            server.stop()
            server.start()
            assert server.becomes(SEALED), "the key is in no file of the server"
            unseal(server, keys)
            assert server.becomes(ACTIVE), "one share opens it"
            assert root.read(PATH)["policy"] == POLICY["policy"], "nothing is lost"


def test_an_initialised_server_is_never_initialised_again(site: Site) -> None:
    answer = site.visitor.ask("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
    assert (answer.status, "already initialized" in str(answer.body)) == (400, True), "so the Job may run again"


@contextlib.contextmanager
def three_servers(site: Site, directory: Path) -> Iterator[list[Server]]:
    """Servers of the program in the mode `ha`, which find each other by their names as pods do; none is initialised."""
    program: Recording = changed("    mode: standalone", "    mode: ha")
    names = [address.removeprefix("https://") for address in replica_addresses(3)]
    routes: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(proxying(routes))
        servers = []
        for number, name in enumerate(names):
            place = directory / name.partition(".")[0]
            place.mkdir()
            # The chart gives each its own name (setNodeId).
            variables = {"HTTPS_PROXY": proxy.url, "VAULT_RAFT_NODE_ID": f"vault-{number}"}
            server = serving(program, site.authority, site.server.binary, place, **variables)
            servers.append(stack.enter_context(server))
            routes[name] = servers[-1].port
        yield servers


def keep_unsealing(server: Server, keys: dict[str, str]) -> None:
    """What the sidecar does: try again until it works, also while the server has not been let in yet."""
    deadline = time.monotonic() + SECONDS
    while server.api.ask("GET", "sys/health").status not in (ACTIVE, STANDBY):
        assert time.monotonic() < deadline, f"a server stays sealed: {server.api.ask('GET', 'sys/seal-status').body}"
        server.api.ask("PUT", "sys/unseal", {"key": keys["vault-unseal-0"]})
        time.sleep(0.2)


def leader(servers: list[Server]) -> Server:
    """The one that is active, once there is one."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for server in servers:
            if server.api.ask("GET", "sys/health").status == ACTIVE:
                return server
        time.sleep(0.1)
    raise AssertionError("the servers found no leader")


@pytest.mark.failure("first-start-of-three")
def test_three_servers_become_one_cluster_that_outlives_its_leader(site: Site, tmp_path: Path) -> None:
    with three_servers(site, tmp_path) as servers:
        keys = initialised(servers[0])
        for server in servers[1:]:
            keep_unsealing(server, keys)
        token = keys["vault-root"]
        servers[0].api.using(token).expect("POST", PATH, POLICY)
        assert _voters(servers[0], token) == {"vault-0", "vault-1", "vault-2"}, "each joined without being initialised"
        servers[0].stop()
        following = leader(servers[1:])
        assert following.api.using(token).read(PATH)["policy"] == POLICY["policy"], "another one has all of it"
        servers[0].start()
        keep_unsealing(servers[0], keys)
        assert servers[0].becomes(STANDBY), "the first comes back to the same cluster, with the same key"


def _voters(server: Server, token: str) -> set[str]:
    """Members that vote, once all three do: a new one first has to catch up."""
    deadline = time.monotonic() + SECONDS
    voters: set[str] = set()
    while len(voters) < 3 and time.monotonic() < deadline:
        found = server.api.using(token).read("sys/storage/raft/configuration")["config"]["servers"]
        voters = {one["node_id"] for one in found if one["voter"]}
        time.sleep(0.2)
    return voters
