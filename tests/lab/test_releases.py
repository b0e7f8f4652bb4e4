"""Helm releases: a known chart in an exact version, and everything its values name."""

from collections.abc import Mapping

import pytest

from lab.providers.base import CheckFailedError
from lab.providers.errors import InitFailedError
from lab.providers.kubernetes.chart_values import Need, hosts, needs
from lib.kubernetes import KEEP
from tests.lab.bench import Bench, refuses

TOKEN = "kubernetes:helm.sh/v3:Release"


def test_a_chart_that_nobody_publishes_is_refused(kube: Bench) -> None:
    with refuses('chart "giteaa" version "1.2.3" not found', CheckFailedError):
        kube.release("giteaa", "shop", repository="https://dl.gitea.com/charts")


def test_a_chart_from_a_repository_that_does_not_hold_it_is_refused(kube: Bench) -> None:
    with refuses('not a chart repository that holds "gitea"', CheckFailedError):
        kube.release("gitea", "shop", repository="https://helm.cilium.io")


def test_a_mirror_of_the_stack_file_is_a_repository(kube: Bench) -> None:
    kube.world.put("site", "site", {"mirrors": ["oci://mirror.example/charts"]})
    result = kube.release("gitea", "shop", repository="oci://mirror.example/charts")
    assert result.identifier == "shop/gitea", "the mirror holds every chart"


def test_a_chart_of_a_chain_is_taken_at_the_word_of_the_stack_file(kube: Bench) -> None:
    kube.world.put("site", "site", {"charts": {"shop": ["https://charts.example.com/"]}})
    with refuses('not a chart repository that holds "shop"', CheckFailedError):
        kube.release("shop", "shop", repository="https://dl.gitea.com/charts")
    values = {"api": "shop-api.shop.svc", "database": "postgres-rw.databases.svc", "existingSecret": "shop-api"}
    with refuses('secret "shop-api" not found', InitFailedError) as refused:
        kube.release("shop", "shop", values, repository="https://charts.example.com")
    assert "postgres-rw.databases.svc" in str(refused.value), "a host where the lab knows everything"
    assert "shop-api.shop.svc" not in str(refused.value), "and one that only the chart knows"
    assert [*kube.cluster.each("Service", "shop")] == [], "nothing of what it makes is made up"


@pytest.mark.parametrize("version", ["", "latest", ">=1.2", "1.2", "1.x.x", "*"])
def test_a_version_that_is_not_exact_is_refused(kube: Bench, version: str) -> None:
    with refuses("wants an exact chart version for gitea", CheckFailedError):
        kube.release("gitea", "shop", version=version)


def test_an_unknown_input_of_the_release_is_refused(kube: Bench) -> None:
    with refuses("Invalid or unknown key 'skip_await'; did you mean 'skipAwait'", CheckFailedError):
        kube.release("gitea", "shop", skip_await=True)


def test_a_release_needs_its_namespace_and_a_free_name(kube: Bench) -> None:
    with refuses('namespaces "shopp" not found'):
        kube.release("gitea", "shopp")
    kube.release("gitea", "shop")
    with refuses("cannot re-use a name that is still in use"):
        kube.release("gitea", "shop")


def test_a_release_waits_for_the_secrets_its_values_name(kube: Bench) -> None:
    values = {"gitea": {"admin": {"existingSecret": "gitea-admin"}}}
    with refuses('context deadline exceeded; secret "gitea-admin" not found', InitFailedError):
        kube.release("gitea", "shop", values)
    kube.object("v1", "Secret", "gitea-admin", "shop", stringData={"username": "a", "password": "b"})
    assert kube.read(TOKEN, "shop/gitea") is not None, "the release was left in place"
    running = kube.world.get("kubernetes/releases", "shop/gitea")
    assert running is not None, "it is recorded"
    assert running["ready"], "it becomes ready as soon as the Secret is there"
    assert running["status"] == "failed", "which Helm, that gave up waiting, does not learn"


def test_what_was_killed_inside_helm_is_refused_under_its_name_and_as_an_upgrade(kube: Bench) -> None:
    result = kube.release("gitea", "shop")
    record = kube.world.get("kubernetes/releases", "shop/gitea")
    kube.world.put("kubernetes/releases", "shop/gitea", {**(record or {}), "status": "pending-upgrade"})
    with refuses("cannot re-use a name that is still in use"):
        kube.release("gitea", "shop")
    with refuses(r"another operation \(install/upgrade/rollback\) is in progress"):
        kube.update(TOKEN, result.identifier, result.outputs, {**result.outputs, "values": {}})


def test_a_release_that_does_not_wait_is_done_at_once(kube: Bench) -> None:
    values = {"gitea": {"admin": {"existingSecret": "gitea-admin"}}}
    assert kube.release("gitea", "shop", values, skipAwait=True).identifier == "shop/gitea", "nothing is awaited"


def test_an_atomic_release_that_fails_is_gone(kube: Bench) -> None:
    with refuses("uninstalled due to atomic being set"):
        kube.release("gitea", "shop", {"gitea": {"admin": {"existingSecret": "none"}}}, atomic=True)
    assert kube.read(TOKEN, "shop/gitea") is None, "atomic leaves nothing"


def test_a_host_in_the_values_must_have_a_service(kube: Bench) -> None:
    values = {"gitea": {"config": {"database": {"HOST": "postgres-rw.databases.svc:5432"}}}}
    with refuses('could not translate host name "postgres-rw.databases.svc"', InitFailedError):
        kube.release("gitea", "shop", values)


def test_a_chart_of_host_pods_needs_a_privileged_namespace(kube: Bench) -> None:
    kube.namespace("csi-proxmox", "restricted")
    with refuses('violates PodSecurity "restricted:latest"', InitFailedError):
        kube.release("proxmox-csi-plugin", "csi-proxmox")


def test_uninstalling_takes_services_and_accounts_along(kube: Bench) -> None:
    kube.release("gitea", "shop")
    assert kube.cluster.exists("Service", "shop", "gitea-http"), "the chart brings it"
    kube.delete(TOKEN, "shop/gitea")
    assert not kube.cluster.exists("Service", "shop", "gitea-http"), "and takes it away"


def test_classes_are_their_charts_and_go_with_them(kube: Bench) -> None:
    classes = (("storage.k8s.io/StorageClass", "disks"), ("networking.k8s.io/IngressClass", "traefik"))
    kube.namespace("csi-proxmox", "privileged")
    kube.release("proxmox-csi-plugin", "csi-proxmox", {"storageClass": [{"name": "disks"}]})
    kube.release("traefik", "shop", {"service": {"type": "ClusterIP"}})
    found = [kube.cluster.look(kind, "", name) or {} for kind, name in classes]
    releases = [one["metadata"]["annotations"]["meta.helm.sh/release-name"] for one in found]
    assert releases == ["proxmox-csi-plugin", "traefik"], "Helm refuses to take over an object without it"
    kube.delete(TOKEN, "csi-proxmox/proxmox-csi-plugin")
    kube.delete(TOKEN, "shop/traefik")
    assert not any(kube.cluster.exists(kind, "", name) for kind, name in classes), "and takes its own away"


@pytest.mark.parametrize(("annotations", "left"), [({}, 0), (KEEP, 1)])
def test_definitions_go_with_their_release_and_take_every_object_along_unless_they_are_kept(
    kube: Bench, annotations: Mapping[str, str], left: int
) -> None:
    kube.release("external-secrets", "shop", {"crds": {"annotations": dict(annotations)}})
    kube.object("generators.external-secrets.io/v1alpha1", "Password", "long", "shop", spec={"length": 24})
    kube.delete(TOKEN, "shop/external-secrets")
    found = [name for name in kube.world.view("kubernetes/objects") if "Password" in name]
    assert len(found) == left, "Kubernetes removes the objects of a kind that is gone"


def test_a_new_name_or_namespace_is_a_new_release(kube: Bench) -> None:
    base = {"name": "gitea", "namespace": "shop", "values": {}}
    assert kube.diff(TOKEN, base, {**base, "namespace": "other"}).replaces, "Helm cannot move a release"
    assert not kube.diff(TOKEN, base, {**base, "values": {"a": 1}}).replaces, "values are upgraded in place"


def test_needs_are_found_in_every_form_the_charts_use() -> None:
    values = {
        "existingSecretAdminPassword": "admin",
        "existingSecretAdminPasswordKey": "PASSWORD",
        "existingSecretSecretKey": "encryption",
        "existingConfigSecret": "config",
        "existingConfigSecretKey": "config.yaml",
        "synapse": {"macaroon": {"secret": "synapse", "secretKey": "macaroon"}},
        "extra": {"configSecret": "mas", "configSecretKey": "mas.yaml"},
        "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "env", "key": "a"}}}],
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "volumes": [{"name": "v", "secret": {"secretName": "tls", "items": [{"key": "ca.crt", "path": "ca"}]}}],
        "dataStorage": {"requestedSize": "1Gi", "className": "fast"},
        "persistence": {"existingClaim": "claim"},
        "blueprints": {"configMaps": ["blueprint"]},
    }
    expected = {
        Need("Secret", "admin", ("PASSWORD",)),
        Need("Secret", "encryption"),
        Need("Secret", "config", ("config.yaml",)),
        Need("Secret", "synapse", ("macaroon",)),
        Need("Secret", "mas", ("mas.yaml",)),
        Need("Secret", "env", ("a",)),
        Need("ConfigMap", "settings"),
        Need("Secret", "tls", ("ca.crt",)),
        Need("StorageClass", "fast"),
        Need("PersistentVolumeClaim", "claim"),
        Need("ConfigMap", "blueprint"),
    }
    assert set(needs(values)) == expected, "a form that is missed lets a release pass that would hang"


def test_what_is_switched_off_optional_or_only_an_ingress_certificate_is_no_need() -> None:
    values = {
        "postgresql": {"enabled": False, "existingSecret": "off"},
        "volumes": [{"name": "v", "configMap": {"name": "later", "optional": True}}],
        "ingress": {"tls": [{"secretName": "web-tls", "hosts": ["a.example"]}]},
    }
    assert needs(values) == [], "no pod waits for these"


def test_hosts_are_those_of_ingresses_that_are_on() -> None:
    values = {
        "ingress": {"hosts": [{"host": "a.example", "paths": []}], "tls": [{"hosts": ["not-this.example"]}]},
        "server": {"ingress": {"enabled": True, "hosts": ["b.example"]}},
        "other": {"ingress": {"enabled": False, "hosts": ["off.example"]}},
        "expose": {"ingress": {"hosts": {"core": "c.example"}}},
    }
    assert hosts("gitea", values) == ["a.example", "b.example", "c.example"], "each chart writes them its own way"
