"""Who reaches Vault over the network; see also facts.yaml."""

from typing import Any

from components.vault.network_policy import VaultNetworkPolicy, VaultNetworkPolicyArgs
from tests.support.components import record_component
from tests.support.engine import Recording

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
API, METRICS = {"port": 8200, "protocol": "TCP"}, {"port": 8204, "protocol": "TCP"}


def namespaces(rule: dict[str, Any]) -> list[str]:
    return [one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for one in rule["from"]]


def test_pods_of_named_namespaces_call_the_api_and_only_the_monitoring_reads_metrics(update: Recording) -> None:
    api, metrics = update.one(POLICY, "vault-network-policy").get("spec", "ingress")
    callers = ["external-secrets", "cert-manager", "traefik"]
    assert (namespaces(api), api["ports"]) == (callers, [API]), "who has business with Vault"
    assert (namespaces(metrics), metrics["ports"]) == (["monitoring"], [METRICS]), "they need no token"
    policies = [one.name for one in update.of_type(POLICY) if one.get("metadata", "namespace") == "vault"]
    assert policies == ["vault-namespace-ingress", "vault-network-policy"], "no other opens it again"


def test_on_another_network_the_api_is_open_as_the_standard_knows_no_nodes() -> None:
    args = VaultNetworkPolicyArgs(namespace="vault", namespaces=("traefik",), cilium=False)
    recorded = record_component(lambda opts: VaultNetworkPolicy("policy", args, opts))
    lan = recorded.one(POLICY, "policy-lan")
    assert lan.get("spec", "ingress") == [{"ports": [API]}], "the API, and only it"
    assert lan.get("spec", "podSelector") == recorded.one(POLICY, "policy").get("spec", "podSelector"), "the servers"
    assert not recorded.of_type("*CiliumNetworkPolicy"), "its kind would not be there"
