"""What outlives the power: a server, and a cluster of three, on the configuration of the release."""

from pathlib import Path

import pytest

from tests.real.vault.server import ACTIVE, SEALED, STANDBY, initialised, serving, unseal
from tests.real.vault.site import Site
from tests.real.vault.three import keep_unsealing, leader, three_servers, voters

PATH, POLICY = "sys/policies/acl/kept", {"policy": 'path "a" { capabilities = ["read"] }'}


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


@pytest.mark.failure("first-start-of-three")
def test_three_servers_become_one_cluster_that_outlives_its_leader(site: Site, tmp_path: Path) -> None:
    with three_servers(site, tmp_path) as servers:
        keys = initialised(servers[0])
        for server in servers[1:]:
            keep_unsealing(server, keys)
        token = keys["vault-root"]
        servers[0].api.using(token).expect("POST", PATH, POLICY)
        assert voters(servers[0], token) == {"vault-0", "vault-1", "vault-2"}, "each joined without being initialised"
        servers[0].stop()
        following = leader(servers[1:])
        assert following.api.using(token).read(PATH)["policy"] == POLICY["policy"], "another one has all of it"
        servers[0].start()
        keep_unsealing(servers[0], keys)
        assert servers[0].becomes(STANDBY), "the first comes back to the same cluster, with the same key"
