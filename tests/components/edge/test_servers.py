"""Edge servers under the stack file of test-cluster with two of them, and what lets them in."""

from ipaddress import IPv4Address

import pytest

from components.kubernetes.values.traefik import EDGE, EDGE_PORT
from stack_file.load import load_stack_file
from stacks.edge import haproxy_of
from tests.stack_file.cases import MINIMAL
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.variants import changed

COMMAND = "command:remote:Command"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
SECTION = f"""\
  home-cluster:edge:
    servers:
      vps0: {{ ssh: {{ host: 100.64.0.3, hostKey: {KEY} }}, addresses: [172.235.48.86], sources: [100.64.0.3] }}
      vps1:
        ssh: {{ host: vps1.example.com, port: 2200, user: deploy, hostKey: {KEY} }}
        addresses: [198.51.100.8]
        sources: [100.64.0.4, 10.2.0.9]
    gitSshPort: 2222
    dns: true

"""


@pytest.fixture(scope="module")
def edgy() -> Recording:
    return changed("  home-cluster:storage:\n", SECTION + "  home-cluster:storage:\n")


def test_each_server_gets_the_same_by_a_connection_that_knows_it(edgy: Recording) -> None:
    first, second = (edgy.one(COMMAND, f"edge-vps{number}-haproxy") for number in range(2))
    assert first.get("stdin") == second.get("stdin"), "whichever a client meets"
    for one in edgy.of_type(COMMAND):
        assert one.get("connection", "hostKey") == KEY, "the provider takes any server without it (connection.go)"
        assert one.get("addPreviousOutputInEnv") is False, "servers refuse such a variable (AcceptEnv of sshd_config)"
        assert one.is_secret("connection", "privateKey"), "the state would have it in plain text"
    assert second.get("create").startswith("sudo -n sh "), "who is not root"
    assert "systemctl disable -q --now haproxy" in first.get("delete"), "it would lead to what is no more"


@pytest.mark.failure("one-way-in")
def test_every_node_that_takes_pods_is_a_way_in(edgy: Recording) -> None:
    text = edgy.one(COMMAND, "edge-vps0-haproxy").get("stdin")
    for name, address in {"worker0": "10.2.2.1", "worker1": "10.2.2.2", "worker2": "10.2.2.3"}.items():
        assert f"    server {name} {address}:30443\n" in text, "losing one loses a third"
    values = edgy.one("kubernetes:helm.sh/v3:Release", "traefik-release").get("values")
    assert values["deployment"]["replicas"] == 3, "with a pod on each"
    assert values["service"]["additionalServices"][EDGE]["spec"]["externalTrafficPolicy"] == "Local", (
        "otherwise every client is a node"
    )
    assert values["ports"][EDGE]["nodePort"] == 30443
    assert values["ports"][EDGE]["expose"] == {"default": False, EDGE: True}, "not at the address of the LAN"
    assert not values["ports"]["websecure"].get("expose", {}).get(EDGE), "whose port does not know the PROXY protocol"


def test_edge_servers_alone_are_believed_about_the_client(edgy: Recording) -> None:
    ports = edgy.one("kubernetes:helm.sh/v3:Release", "traefik-release").get("values", "ports")
    assert ports[EDGE]["proxyProtocol"] == {"trustedIPs": ["100.64.0.3", "100.64.0.4", "10.2.0.9"]}
    assert [name for name, port in ports.items() if "proxyProtocol" in port] == [EDGE], "the LAN speaks for itself"
    policy = edgy.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "traefik-namespace-ingress")
    opened = {port["port"] for rule in policy.get("spec", "ingress") for port in rule.get("ports", [])}
    assert EDGE_PORT in opened, "nobody would come in"


def test_without_the_section_nothing_listens_for_edges(update: Recording) -> None:
    values = update.one("kubernetes:helm.sh/v3:Release", "traefik-release").get("values")
    assert set(values["ports"]) == {"web", "websecure"}
    assert "additionalServices" not in values["service"]
    assert not update.of_type(COMMAND)
    assert not update.of_type("kubernetes:traefik.io/v1alpha1:IngressRoute")


def test_the_world_reaches_the_hosts_but_that_of_vault(edgy: Recording) -> None:
    text = edgy.one(COMMAND, "edge-vps0-haproxy").get("stdin")
    assert "acl ours req.ssl_sni -i -m end .test-cluster.agentydragon.com" in text
    assert "acl hidden req.ssl_sni -i vault.test-cluster.agentydragon.com" in text
    assert "check-sni auth.test-cluster.agentydragon.com" in text, "what is asked whether a path works"
    assert "    bind [::]:2222 v4v6\n" in text
    assert "    server gitea 10.2.3.5:22 " in text, "Gitea's SSH"
    questions = edgy.one(COMMAND, "edge-vps1-dnsdist").get("stdin")
    assert "address='10.2.3.6:53'" in questions, "the nameservers for the internet"
    assert "zones:add('test-cluster.agentydragon.com.')" in questions, "and of the reverse zones nothing"


def test_a_host_that_is_hidden_is_none_either_behind_the_name_of_another_one(edgy: Recording) -> None:
    """curl https://git.… -H "Host: vault.…": HAProxy sees the first name alone, and Traefik goes by the second."""
    hidden = edgy.one("kubernetes:traefik.io/v1alpha1:IngressRoute", "traefik-unpublished")
    assert edgy.is_after(hidden, edgy.one("kubernetes:helm.sh/v3:Release", "traefik-release")), "which brings the kind"
    spec = hidden.get("spec")
    (route,) = spec["routes"]
    assert route["match"] == "Host(`vault.test-cluster.agentydragon.com`)"
    assert route["priority"] > 10_000, "that of others is the length of their rule"
    assert route["services"] == [{"kind": "TraefikService", "name": "noop@internal"}]
    assert spec["entryPoints"] == [EDGE], "people at home reach it"


def test_an_application_outside_the_domain_is_reached_too() -> None:
    settings = load_stack_file(FIXTURES / "valid" / "chains.yaml")
    shop = settings.identity.applications["shop"].model_copy(update={"host": "shop.example.org"})
    identity = settings.identity.model_copy(update={"applications": {"shop": shop}})
    text = haproxy_of(settings.model_copy(update={"identity": identity})).text
    (line,) = (line for line in text.splitlines() if line.startswith("    acl ours req.ssl_sni -i shop."))
    assert line.split()[-1] == "shop.example.org"


def test_the_mark_of_a_configuration_follows_from_it() -> None:
    settings = load_stack_file(MINIMAL)
    one = settings.edge.model_copy(update={"workers": {"a": IPv4Address("10.2.2.1")}})
    other = settings.edge.model_copy(update={"workers": {"a": IPv4Address("10.2.2.2")}})
    marked = [haproxy_of(settings.model_copy(update={"edge": edge})) for edge in (one, other, one)]
    assert marked[0] == marked[2]
    assert marked[0].mark != marked[1].mark, "a process with the old one would pass for one with the new one"
    assert all(f"description {one.mark}\n" in one.text for one in marked)
