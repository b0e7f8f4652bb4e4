"""One switch of the stack file decides whether the platform is watched, and then all of it is."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.objects import namespace_of, pods
from tests.support.program import record_program
from tests.support.recording import Recorded
from tests.support.wire import Path

RELEASE, MONITORS = "kubernetes:helm.sh/v3:Release", "kubernetes:monitoring.coreos.com/v1:*Monitor"
SWITCHES: tuple[tuple[str, Path, Any], ...] = (
    ("cilium-release", ("hubble", "metrics", "enabled"), ["drop", "tcp", "flow", "port-distribution", "icmp"]),
    ("cilium-release", ("prometheus", "enabled"), True),
    ("harbor-release", ("metrics", "enabled"), True),
    ("proxmox-csi-release", ("metrics", "enabled"), True),
    ("valkey-release", ("metrics", "enabled"), True),
)
"""Where a chart is told to serve metrics that it does not serve by itself."""
WATCHED: Mapping[str, tuple[str, ...]] = {
    "authentik-release": ("authentik",),
    "cert-manager-release": ("cert-manager",),
    "cilium-release": ("cilium-agent", "cilium-operator", "hubble"),
    "coredns": ("coredns",),
    "dns-server": ("powerdns",),
    "dns-hosts": ("external-dns",),
    "dns-internet-server": ("powerdns-internet",),
    "dns-internet-hosts": ("external-dns-internet",),
    "external-secrets-release": (
        "external-secrets",
        "external-secrets-cert-controller",
        "external-secrets-webhook",
    ),
    "flux-operator": (
        *("flux-operator", "helm-controller", "kustomize-controller", "notification-controller"),
        "source-controller",
    ),
    "gitea-release": ("gitea",),
    "gitea-runner": ("gitea-runner",),
    "harbor-release": ("harbor",),
    "matrix-release": ("matrix-authentication-service", "matrix-haproxy", "synapse"),
    "postgres-cluster": ("postgres",),
    "postgres-operator": ("cloudnative-pg",),
    "proxmox-csi-release": ("proxmox-csi",),
    "reloader-release": ("reloader",),
    "traefik-release": ("traefik",),
    "valkey-release": ("valkey",),
    "vault-release": ("vault",),
}
"""Monitors by what they watch."""
UNWATCHED: Mapping[str, str] = {
    "backup-gateway": "what does not get through it, the alerts of those who send tell",
    "postgres-archive-plugin": "what it does for Postgres, the instances tell",
    "harbor-scanner": "Trivy's adapter serves no metrics; what it finds, Harbor's exporter tells",
    "monitoring-definitions-release": "it runs nothing",
    "prometheus-release": "its chart makes the monitors of what it brings, after the definitions",
    "reflector-release": "it serves its health alone",
}

LET_IN = {
    *(("authentik", 9300), ("cert-manager", 9402), ("cnpg-system", 8080), ("csi-proxmox", 8080)),
    *(("databases", 9121), ("databases", 9187), ("external-secrets", 8080), ("flux-system", 8080)),
    *((namespace, port) for namespace in ("dns", "dns-internet") for port in (7979, 8081)),
    *(("gitea", 3000), ("gitea-runner", 9101), ("harbor", 8001), ("reloader", 9090), ("traefik", 9100)),
    *(("matrix", 8081), ("matrix", 8405), ("matrix", 9001), ("vault", 8204)),
}
"""Namespace and port of the pods that serve metrics, from the templates of the charts."""


@pytest.fixture(scope="module")
def monitored() -> Recording:
    return record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")


def _monitors(recording: Recording) -> dict[str, Recorded]:
    return {one.get("metadata", "name"): one for one in recording.of_type(MONITORS)}


@pytest.mark.parametrize(
    ("release", "path", "value"), SWITCHES, ids=[f"{name}-{path[0]}" for name, path, _ in SWITCHES]
)
def test_a_chart_serves_metrics_only_on_request(
    update: Recording, monitored: Recording, release: str, path: Path, value: Any
) -> None:
    assert not update.one(RELEASE, release).get("values", *path), "nobody reads them"
    assert monitored.one(RELEASE, release).get("values", *path) == value, "somebody does"


def test_everything_that_runs_is_watched_or_has_a_reason(monitored: Recording) -> None:
    running = {one.name for one in monitored.of_type(RELEASE)} | {"postgres-cluster"}
    running |= {one.name for one, _ in pods(monitored) if one.get("kind") not in ("Job", "CronJob")}
    assert running == {*WATCHED, *UNWATCHED}, "every release and workload of the program, and the cluster of Postgres"
    watching = [name for names in WATCHED.values() for name in names]
    assert sorted(watching) == sorted(_monitors(monitored)), "and no monitor without something that it watches"


def test_nothing_is_made_for_who_does_not_ask(update: Recording) -> None:
    assert [one for one in update.resources if "monitoring" in one.urn.partition("::home-cluster::")[2]] == [], (
        "the API server may know none of the kinds"
    )


def test_each_monitor_looks_where_its_workload_is_let_in_from(monitored: Recording) -> None:
    definitions = monitored.one(RELEASE, "monitoring-definitions-release")
    for what, names in WATCHED.items():
        (watched, *_) = [one for one in monitored.custom if one.name == what]
        for name in names:
            monitor = _monitors(monitored)[name]
            assert monitored.is_after(monitor, definitions), f"{name}: no object before its kind"
            assert monitor.get("metadata", "namespace") == "monitoring", f"{name}: it waits for nothing that it watches"
            assert monitor.get("spec", "namespaceSelector") == {"matchNames": [namespace_of(watched)]}, name


def test_the_monitoring_is_let_in_where_it_reads_and_nowhere_else(monitored: Recording) -> None:
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    found = {
        (one.get("metadata", "namespace"), port["port"])
        for one in monitored.of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy")
        for rule in one.get("spec", "ingress") or ()
        if peer in rule.get("from", ())
        for port in rule["ports"]
    }
    assert found == LET_IN, "ports of the pods; kube-system has no policy"


def test_own_pods_have_the_labels_and_the_port_that_their_monitor_selects(monitored: Recording) -> None:
    found = {one.name: (one.get("spec", "template", "metadata", "labels"), pod) for one, pod in pods(monitored)}
    own = [(name, monitor) for name, (monitor, *_) in WATCHED.items() if name in found]
    assert len(own) == 4, "CoreDNS, the nameservers of both sides, the runners"
    for name, monitor in own:
        spec, (labels, pod) = _monitors(monitored)[monitor].get("spec"), found[name]
        assert spec["selector"]["matchLabels"].items() <= labels.items(), name
        ports = [port["name"] for container in pod["containers"] for port in container["ports"]]
        assert spec["podMetricsEndpoints"][0]["port"] in ports, name


def test_metrics_behind_a_token_or_a_certificate_are_read_with_it(monitored: Recording) -> None:
    found = {name: one.get("spec").get("podMetricsEndpoints", [{}])[0] for name, one in _monitors(monitored).items()}
    assert found["gitea"]["authorization"]["credentials"] == {"name": "metrics", "key": "token"}, "in Gitea's namespace"
    template = monitored.one("kubernetes:*:ExternalSecret", "gitea-metrics").get("spec", "target", "template")
    (copied,) = {
        value for key, value in template["metadata"]["annotations"].items() if key.endswith("allowed-namespaces")
    }
    assert copied == "monitoring", "where the monitor is"
    assert {name for name, endpoint in found.items() if "tlsConfig" in endpoint} == {"vault"}, "the others are plain"
    assert found["vault"]["tlsConfig"]["serverName"] in monitored.one("kubernetes:*", "vault-tls").get(
        "spec", "dnsNames"
    )
    (harbor,) = _monitors(monitored)["harbor"].get("spec", "endpoints")
    assert harbor["honorLabels"], "its exporter tells of other workloads than its own"
