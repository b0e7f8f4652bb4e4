"""Policies let through what is needed and nothing else, both ways, as `traffic.yaml` has it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stack_file.stacks import FIXTURES
from tests.support.objects import key_of, namespace_of, of_kind
from tests.support.program import record_program
from tests.support.recording import Recording
from tests.support.traffic import End, Policies, policies
from tests.support.wire import walk

_MATRIX = yaml.safe_load(Path(__file__).with_name("traffic.yaml").read_text(encoding="utf-8"))
PODS: dict[str, dict[Any, Any]] = _MATRIX["pods"]
WIDER: dict[str, str] = _MATRIX["wider"]
_URL = re.compile(r"\b([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?(?::(\d+))?")
_OF_APPLICATIONS = ("shop", "wiki")
_SERVICES = {
    ("vault", "vault-api"): "vault/vault",
    ("vault", "vault"): "vault/vault",
    ("vault", "vault-internal"): "vault/vault",
    ("databases", "postgres-rw"): "databases/postgres",
    ("databases", "valkey"): "databases/valkey",
    ("authentik", "authentik-server"): "authentik/server",
    ("matrix", "matrix-matrix-authentication-service"): "matrix/mas",
    ("gitea", "gitea-http"): "gitea/gitea",
    ("harbor", "harbor-core"): "harbor/harbor",
    ("backup", "backup-gateway"): "backup/gateway",
    ("dns", "powerdns-api"): "dns/powerdns",
    ("dns-internet", "powerdns-api"): "dns-internet/powerdns",
}
"""Pod behind each Service that something of the program names; those without a row have to be given one."""


@pytest.fixture(scope="module")
def everything() -> Recording:
    return record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")


@pytest.fixture(scope="module")
def held(everything: Recording) -> Policies:
    return policies(everything)


def end(name: str) -> End:
    """A pod or place of the matrix; a bare namespace is a pod without labels, as which any pod there may do."""
    if name in PODS:
        labels = PODS[name].get("labels")
        return End(name.partition("/")[0], tuple(sorted(labels.items()))) if labels else End("", place=name)
    return End("", place=name) if name in ("anyone", "world", "nodes", "api") else End(name)


def flows() -> Iterator[tuple[str, str, str]]:
    """Source, target and port of each connection of the matrix."""
    for target, ports in PODS.items():
        for port, sources in ports.items():
            if port != "labels":
                yield from ((source, target, str(port) if "/" in str(port) else f"{port}/TCP") for source in sources)


def test_everything_that_is_needed_is_let_through(held: Policies) -> None:
    shut = [f"{source} -> {target} {port}" for source, target, port in flows() if not _open(held, source, target, port)]
    assert shut == []


def _open(held: Policies, source: str, target: str, port: str) -> bool:
    return held.users(end(source), end(target), port) is not None


def test_nothing_else_is_let_through(held: Policies) -> None:
    used = {one for source, target, port in flows() for one in held.users(end(source), end(target), port) or ()}
    narrow = {one for one in used if one.port != "any"}
    wide = {str(one) for one in held.permissions if one not in narrow and one.namespace not in _OF_APPLICATIONS}
    assert wide == set(WIDER), (
        "a port that nobody needs is shut; what is wider than a port has its reason in traffic.yaml"
    )


def test_what_the_program_names_stands_in_the_matrix(everything: Recording) -> None:
    known = {(source.partition("/")[0], target) for source, target, _ in flows()}
    missing = set()
    for one in everything.custom:
        if one.type.startswith("kubernetes:") and one.get("kind") not in ("Certificate", "PodMonitor"):
            for _, value in walk(one.inputs):
                for service, namespace, _ in _URL.findall(value if isinstance(value, str) else ""):
                    source, target = namespace_of(one), _SERVICES.get((namespace, service), f"{namespace}/{service}")
                    if source and (source, target) not in known and (source != namespace):
                        missing.add(f"{one.name}: {source} -> {target}")
    assert missing == set()


def test_services_and_monitors_lead_to_pods_of_the_matrix(everything: Recording) -> None:
    needed = set(flows())
    for one in of_kind(everything, "Service"):
        key, chosen = key_of(one), one.get("spec", "selector")
        if one.get("spec").get("type") == "LoadBalancer":
            assert any(
                end(target).namespace == key.namespace
                and chosen.items() <= PODS[target]["labels"].items()
                and source in ("anyone", "world")
                for source, target, _ in needed
            ), f"{key.name} is for anyone"
    for one in (*of_kind(everything, "PodMonitor"), *of_kind(everything, "ServiceMonitor")):
        (namespace,) = one.get("spec", "namespaceSelector", "matchNames")
        read = {target for source, target, _ in needed if source == "monitoring"}
        assert namespace == "kube-system" or any(end(target).namespace == namespace for target in read), str(one)


@pytest.mark.parametrize(
    ("source", "target", "port"),
    [
        ("gitea", "vault/vault", "8200/TCP"),
        ("gitea-runner/runner", "gitea/gitea", "3000/TCP"),
        ("gitea-runner/runner", "api", "6443/TCP"),
        ("traefik", "matrix/synapse", "9093/TCP"),
        ("traefik", "databases/postgres", "5432/TCP"),
        ("databases/valkey", "world", "443/TCP"),
        ("gitea/backup", "databases/postgres", "5432/TCP"),
        ("gitea/backup", "gitea/gitea", "3000/TCP"),
        ("gitea/backup", "nodes", "50000/TCP"),
        ("backup/etcd", "vault/vault", "8200/TCP"),
        ("monitoring", "databases/postgres", "5432/TCP"),
        ("anyone", "authentik/server", "9000/TCP"),
        ("cert-manager", "external-secrets/external-secrets", "8080/TCP"),
    ],
)
def test_what_a_taken_over_pod_would_try_is_stopped(held: Policies, source: str, target: str, port: str) -> None:
    assert held.users(end(source), end(target), port) is None
