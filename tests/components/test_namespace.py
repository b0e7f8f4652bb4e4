"""A namespace enforces a Pod Security level, refuses connections by default and carries the CA."""

from typing import Any

import pulumi
import pytest

from components.namespace import Namespace, NamespaceArgs
from lib.kubernetes import PodSecurity
from tests.support.components import record_component
from tests.support.engine import Recording, Run


def _built(preview: bool = False, **changes: Any) -> Recording:
    arguments: dict[str, Any] = {"name": "gitea", "pod_security": PodSecurity.RESTRICTED} | changes

    def build(opts: pulumi.ResourceOptions) -> dict[str, Any]:
        namespace = Namespace("gitea-namespace", NamespaceArgs(**arguments), opts)
        return {"namespace": namespace.namespace, "config_map": namespace.ca_config_map, "literal": namespace.literal}

    return record_component(build, Run(preview=preview))


@pytest.mark.failure("untrusted-authority")
def test_with_a_ca_certificate_it_creates_the_bundle_too() -> None:
    bundle = _built(ca_certificate="PEM").one("kubernetes:core/v1:ConfigMap")
    assert bundle.get("metadata", "name") == "cluster-ca", "the name that every consumer mounts"
    assert bundle.get("data") == {"ca.crt": "PEM"}, "under the key that every consumer reads"


@pytest.mark.parametrize("level", list(PodSecurity))
def test_admission_enforces_the_level_of_the_arguments(level: PodSecurity) -> None:
    labels = _built(pod_security=level).one("kubernetes:core/v1:Namespace").get("metadata", "labels")
    assert labels["pod-security.kubernetes.io/enforce"] == level.value, "the label that the admission plugin reads"


def _ingress(recording: Recording) -> Any:
    return recording.one("*NetworkPolicy").get("spec")


def test_by_default_only_the_namespace_itself_may_connect() -> None:
    spec = _ingress(_built())
    assert spec["podSelector"] == {}, "the policy selects every pod"
    assert spec["policyTypes"] == ["Ingress"], "for incoming connections"
    assert spec["ingress"] == [{"from": [{"podSelector": {}}]}], "from pods of this namespace only"


def test_a_namespace_that_is_let_in_is_named_by_the_label_that_kubernetes_sets() -> None:
    sources = _ingress(_built(from_namespaces=("traefik",)))["ingress"][0]["from"]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "traefik"}}} in sources, (
        "a label that nobody can forget to set"
    )


def test_open_ports_are_open_to_everybody_and_others_stay_shut() -> None:
    rules = _ingress(_built(open_ports=(8200,)))["ingress"]
    assert rules[1:] == [{"ports": [{"port": 8200, "protocol": "TCP"}]}], "one rule with the port and without `from`"


def test_names_are_known_in_a_preview() -> None:
    values = _built(preview=True, ca_certificate="PEM").stack_outputs.values
    assert values == {"namespace": "gitea", "config_map": "cluster-ca", "literal": "gitea"}, "so plans can be read"


def test_metrics_are_for_the_monitoring_alone() -> None:
    rules = _ingress(_built(metrics_ports=(9187,)))["ingress"]
    assert rules[1:] == [
        {
            "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
            "ports": [{"port": 9187, "protocol": "TCP"}],
        }
    ], "they tell of every query and secret name"


def test_a_namespace_can_be_shut_even_for_itself() -> None:
    assert _ingress(_built(among_themselves=False))["ingress"] == [], "further policies say who reaches which pod"


def test_whoever_needs_the_ca_is_told_by_name_that_the_namespace_has_none() -> None:
    def build(opts: pulumi.ResourceOptions) -> object:
        return Namespace("bare", NamespaceArgs(name="bare", pod_security=PodSecurity.RESTRICTED), opts).ca_bundle

    with pytest.raises(ValueError, match="namespace bare: has no CA bundle; give its NamespaceArgs a ca_certificate"):
        record_component(build)
