"""The configuration of Vault's servers."""

import re

import pytest

from components.vault.server_config import certificate_hosts, replica_addresses, server_config

BLOCK = re.compile(r"^(?P<name>\w+)(?: \"(?P<label>\w+)\")? \{$(?P<body>.*?)^\}$", re.MULTILINE | re.DOTALL)


def blocks(text: str, name: str) -> list[str]:
    return [match["body"] for match in BLOCK.finditer(text) if match["name"] == name]


@pytest.mark.parametrize("replicas", [1, 3])
def test_metrics_without_a_token_are_served_on_a_port_of_their_own(replicas: int) -> None:
    api, metrics = blocks(server_config(replicas), "listener")
    assert "[::]:8200" in api, "the first listener is the API"
    assert "unauthenticated_metrics_access" not in api, "which everyone on the LAN reaches"
    assert "[::]:8204" in metrics, "the second has its own port"
    assert "unauthenticated_metrics_access = true" in metrics, "which only the monitoring reaches"
    assert '"127.0.0.1:' in metrics, "no second port for other servers"


@pytest.mark.parametrize("replicas", [1, 3])
def test_every_listener_speaks_tls(replicas: int) -> None:
    for listener in blocks(server_config(replicas), "listener"):
        assert "tls_cert_file" in listener, "with a certificate"
        assert "tls_key_file" in listener, "and its key"
        assert "tls_disable" not in listener, "never without"


def test_every_server_of_a_cluster_asks_every_other_to_let_it_in() -> None:
    (storage,) = blocks(server_config(3), "storage")
    asked = re.findall(r'leader_api_addr\s+= "([^"]+)"', storage)
    assert tuple(asked) == replica_addresses(3), "whichever is there first"
    assert storage.count("leader_ca_cert_file") == 3, "and believes none without its certificate"
    assert "node_id" not in storage, "the chart names the node after its pod"


def test_one_server_can_become_the_first_of_several() -> None:
    (storage,) = blocks(server_config(1), "storage")
    assert 'node_id = "vault-0"' in storage, "the name it has in a cluster, too"
    assert "retry_join" not in storage, "there is nobody to ask"
    assert not blocks(server_config(1), "service_registration"), "one server has no label to set"


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize("word", ["HOST_IP", "POD_IP", "HOSTNAME", "API_ADDR", "TRANSIT_ADDR", "RAFT_ADDR"])
def test_no_word_that_the_entry_point_replaces_is_in_the_text(replicas: int, word: str) -> None:
    assert word not in server_config(replicas), "sed would put something else there"


def test_names_of_the_certificate_are_unique() -> None:
    hosts = certificate_hosts("vault")
    assert len(set(hosts)) == len(hosts), "cert-manager would refuse a name given twice"
