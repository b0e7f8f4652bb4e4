"""Specs of NetworkPolicies: who is let in, and that a rule never lets in everybody by mistake."""

import pytest

from lib.network import Ingress, Policy


def test_a_namespace_is_named_by_the_label_that_kubernetes_sets() -> None:
    (rule,) = Policy(ingress=[Ingress(namespaces=("gitea",), ports=(5432,))]).spec()["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gitea"}}}], (
        "a label that nobody can forget, or set on another namespace"
    )
    assert rule["ports"] == [{"port": 5432, "protocol": "TCP"}], "and no other port"


def test_all_pods_of_the_namespace_are_an_empty_selector() -> None:
    spec = Policy(ingress=[Ingress(peers={})]).spec()
    assert spec["podSelector"] == {}, "the policy protects every pod"
    assert spec["ingress"] == [{"from": [{"podSelector": {}}]}], "and lets in every pod of the namespace, on any port"


def test_peers_are_chosen_by_their_labels() -> None:
    (rule,) = Policy(ingress=[Ingress(peers={"app": "one"})], pods={"app": "one"}).spec()["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app": "one"}}}], "pods with other labels stay out"


def test_a_port_for_anyone_has_no_sources() -> None:
    assert Policy(ingress=[Ingress(ports=(8200,), anyone=True)]).spec()["ingress"] == [
        {"ports": [{"port": 8200, "protocol": "TCP"}]}
    ], "hosts have no label that a source could name"


def test_without_rules_nobody_may_connect() -> None:
    spec = Policy(ingress=[]).spec()
    assert (spec["policyTypes"], spec["ingress"]) == (["Ingress"], []), "an isolated pod"
    assert "egress" not in spec, "what it may reach is left alone"


def test_a_silent_pod_may_open_no_connection() -> None:
    spec = Policy(ingress=[], silent=True).spec()
    assert (spec["policyTypes"], spec["egress"]) == (["Ingress", "Egress"], []), "the type makes the empty list count"


def test_a_port_of_udp_is_no_port_of_tcp() -> None:
    (rule,) = Policy(ingress=[Ingress(udp_ports=(53,), anyone=True)]).spec()["ingress"]
    assert rule == {"ports": [{"port": 53, "protocol": "UDP"}]}, "the default of Kubernetes is TCP"


@pytest.mark.parametrize("keys", [{}, {"ports": (80,)}, {"namespaces": ()}])
def test_a_rule_that_names_nobody_is_refused(keys: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="takes for everybody"):
        Ingress(**keys)  # type: ignore[arg-type]


@pytest.mark.parametrize("keys", [{"namespaces": ("gitea",)}, {"peers": {}}])
def test_a_rule_for_anyone_that_names_somebody_is_refused(keys: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="although anyone may"):
        Ingress(anyone=True, **keys)  # type: ignore[arg-type]
