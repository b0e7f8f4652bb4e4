"""Who reaches Vault over the network, and what the backup may do there."""

from typing import Any

import pulumi
import pytest

from components.vault.backup_access import VaultBackupAccess, VaultBackupAccessArgs
from components.vault.network_policy import VaultNetworkPolicy, VaultNetworkPolicyArgs
from tests.support.components import record_component
from tests.support.engine import Recording

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
CILIUM = "kubernetes:cilium.io/v2:CiliumNetworkPolicy"
API, METRICS = {"port": 8200, "protocol": "TCP"}, {"port": 8204, "protocol": "TCP"}


def policies(*, cilium: bool) -> Recording:
    args = VaultNetworkPolicyArgs(namespace="vault", namespaces=("external-secrets", "traefik"), cilium=cilium)
    return record_component(lambda opts: VaultNetworkPolicy("policy", args, opts))


def namespaces(rule: dict[str, Any]) -> list[str]:
    return [one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for one in rule["from"]]


@pytest.mark.parametrize("cilium", [True, False])
def test_pods_of_named_namespaces_call_the_api_and_only_the_monitoring_reads_metrics(cilium: bool) -> None:
    api, metrics = policies(cilium=cilium).one(POLICY, "policy").get("spec", "ingress")
    assert (namespaces(api), api["ports"]) == (["external-secrets", "traefik"], [API]), "who has business with Vault"
    assert (namespaces(metrics), metrics["ports"]) == (["monitoring"], [METRICS]), "they need no token"


@pytest.mark.parametrize("cilium", [True, False])
def test_every_policy_is_about_the_servers_only(cilium: bool) -> None:
    recorded = policies(cilium=cilium)
    labels = {"app.kubernetes.io/name": "vault", "app.kubernetes.io/instance": "vault", "component": "server"}
    for policy in recorded.of_type(POLICY):
        assert policy.get("spec", "podSelector", "matchLabels") == labels, "not about the Jobs beside them"
    for policy in recorded.of_type(CILIUM):
        assert policy.get("spec", "endpointSelector", "matchLabels") == labels, "not about the Jobs beside them"


def test_with_cilium_the_lan_and_nodes_reach_the_api_and_other_pods_do_not() -> None:
    recorded = policies(cilium=True)
    (rule,) = recorded.one(CILIUM).get("spec", "ingress")
    assert rule["fromEntities"] == ["world", "host", "remote-node"], "`cluster` or `all` would be every pod"
    assert rule["toPorts"] == [{"ports": [{"port": "8200", "protocol": "TCP"}]}], "not the metrics"
    assert len(recorded.of_type(POLICY)) == 1, "no other policy opens it again"


def test_on_another_network_the_api_is_open_as_the_standard_knows_no_nodes() -> None:
    recorded = policies(cilium=False)
    assert recorded.one(POLICY, "policy-lan").get("spec", "ingress") == [{"ports": [API]}], "the API, and only it"
    assert not recorded.of_type(CILIUM), "its kind would not be there"


@pytest.fixture(scope="module")
def backup() -> Recording:
    def build(opts: pulumi.ResourceOptions) -> None:
        args = VaultBackupAccessArgs(namespace=pulumi.Output.from_input("vault"), kubernetes_path="kubernetes")
        VaultBackupAccess("backup", args, opts)

    return record_component(build)


def test_the_backup_may_take_snapshots_and_nothing_else(backup: Recording) -> None:
    policy = backup.one("vault:index/policy:Policy").get("policy")
    assert " ".join(policy.split()) == 'path "sys/storage/raft/snapshot" { capabilities = ["read"] }', (
        "to write there would be to restore"
    )


def test_only_its_own_account_logs_in_as_the_backup(backup: Recording) -> None:
    role, account = backup.one("vault:kubernetes/*"), backup.one("kubernetes:core/v1:ServiceAccount")
    assert role.get("boundServiceAccountNames") == [account.get("metadata", "name")], "one account"
    assert role.get("boundServiceAccountNamespaces") == ["vault"], "of one namespace"
    assert (role.get("audience"), role.get("tokenNoDefaultPolicy")) == ("vault", True), "with a token made for Vault"
    assert role.get("tokenPolicies") == ["backup"], "and one policy"
    assert account.get("automountServiceAccountToken") is False, "a pod asks for its token, or has none"
