"""Configuration and pods of CoreDNS."""

from ipaddress import IPv4Address

import pytest

from components.kubernetes import coredns_objects as coredns

HOSTS = {
    "git.example.test": IPv4Address("10.9.0.2"),
    "auth.example.test": IPv4Address("10.9.0.2"),
    "git-ssh.example.test": IPv4Address("10.9.0.5"),
}


@pytest.fixture(scope="module")
def corefile() -> str:
    zones = {"home.example.com": IPv4Address("10.2.3.3")}
    return coredns.corefile(hosts=HOSTS, zones=zones, resolvers=[IPv4Address("9.9.9.9"), IPv4Address("1.1.1.1")])


def block(corefile: str, plugin: str) -> list[str]:
    """Lines of a plugin's block."""
    lines = [line.strip() for line in corefile.splitlines()]
    start = next(index for index, line in enumerate(lines) if line.split()[:1] == [plugin] and line.endswith("{"))
    return lines[start + 1 : lines.index("}", start)]


def test_every_name_resolves_to_its_address(corefile: str) -> None:
    entries = [line for line in block(corefile, "hosts") if line[0].isdigit()]
    assert entries == ["10.9.0.2 auth.example.test", "10.9.0.5 git-ssh.example.test", "10.9.0.2 git.example.test"], (
        "a pod that cannot reach the issuer under its public name cannot check a login"
    )


def test_a_name_that_is_no_host_goes_on_to_the_next_plugin(corefile: str) -> None:
    assert "fallthrough" in block(corefile, "hosts"), "without it every other name in the world would not exist"


def test_other_names_go_to_every_resolver_of_the_stack_file(corefile: str) -> None:
    assert any(line.startswith("forward . 9.9.9.9 1.1.1.1 {") for line in map(str.strip, corefile.splitlines())), (
        "the node's own resolv.conf would bypass the stack file"
    )


def test_names_of_a_zone_of_the_cluster_are_asked_of_its_nameserver(corefile: str) -> None:
    assert "forward home.example.com 10.2.3.3" in map(str.strip, corefile.splitlines()), (
        "the world would be told the edge, or nothing as long as the zone is not delegated"
    )


def test_braces_are_balanced(corefile: str) -> None:
    assert corefile.count("{") == corefile.count("}"), "CoreDNS does not start on an unclosed block"


def test_reverse_lookups_in_the_cluster_reach_the_cluster(corefile: str) -> None:
    assert "no_reverse" in block(corefile, "hosts"), "one address has many hosts, so no reverse answer would be right"
    assert any("in-addr.arpa" in line for line in block(corefile, "kubernetes")), "addresses of Services have names"


def test_changes_are_taken_over_without_a_restart(corefile: str) -> None:
    assert "reload" in corefile.split(), "nothing else makes a running CoreDNS read a changed ConfigMap"


def test_probes_ask_the_ports_that_the_plugins_listen_on() -> None:
    (container,) = coredns.deployment("account", "config", 2)["template"]["spec"]["containers"]
    # The defaults of the plugins: health 8080, ready 8181.
    assert container["livenessProbe"]["httpGet"] == {"path": "/health", "port": 8080}, "or the pod is killed for ever"
    assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": 8181}, "or no Service ever uses it"


def test_pods_do_not_ask_themselves() -> None:
    pod = coredns.deployment("account", "config", 2)["template"]["spec"]
    assert pod["dnsPolicy"] == "Default", "ClusterFirst would make CoreDNS its own resolver"


def test_the_service_finds_the_pods() -> None:
    selector = coredns.service("10.96.0.10")["selector"]
    labels = coredns.deployment("account", "config", 2)["template"]["metadata"]["labels"]
    assert selector.items() <= labels.items(), "a Service without pods answers nothing"


def test_dns_is_served_over_both_protocols() -> None:
    protocols = {port["protocol"] for port in coredns.service("10.96.0.10")["ports"] if port["port"] == 53}
    assert protocols == {"UDP", "TCP"}, "answers that do not fit into a datagram come over TCP"
