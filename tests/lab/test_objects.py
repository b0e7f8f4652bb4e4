"""The simulated API server refuses what the real one refuses, and takes what is right."""

from typing import Any

import pytest

from lab.providers.base import Result
from lab.providers.catalogue import packages
from lab.providers.errors import InitFailedError
from lab.providers.kubernetes.differences import prune
from lab.providers.performing import look
from lab.providers.wire import UNKNOWN, Secret, plain
from tests.lab.bench import Bench, container, job, pod, refuses

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


def config_map(name: str = "settings", **more: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, **more}


def test_an_object_in_an_existing_namespace_is_created_under_its_namespace_and_name(kube: Bench) -> None:
    result = kube.create(CONFIG_MAP, config_map(data={"a": "1"}))
    assert result.identifier == "shop/settings", "the provider's ids are namespace/name"
    assert result.outputs["metadata"]["uid"], "the API server gives every object a uid"


def test_a_kind_nobody_serves_is_refused_by_name(kube: Bench) -> None:
    with refuses("kubernetes:core/v1:Secrets"):
        kube.resource("kubernetes:core/v1:Secrets")
    with refuses("lab does not simulate it"):
        kube.resource("kubernetes:yaml/v2:ConfigFile")


def test_a_custom_resource_is_refused_until_its_definition_exists(kube: Bench) -> None:
    spec = {"secretName": "tls", "dnsNames": ["a.example"], "issuerRef": {"name": "ca", "kind": "ClusterIssuer"}}
    with refuses('no matches for kind "Certificate" in version "cert-manager.io/v1"'):
        kube.object("cert-manager.io/v1", "Certificate", "web", "shop", spec=spec)
    kube.namespace("cert-manager")
    kube.release("cert-manager", "cert-manager", {"crds": {"enabled": True}})
    kube.object("cert-manager.io/v1", "Certificate", "web", "shop", spec=spec)
    assert kube.cluster.exists("cert-manager.io/Certificate", "shop", "web"), "its definition came with the chart"


def test_a_version_that_the_definition_does_not_serve_is_refused(kube: Bench) -> None:
    kube.release("cilium", "kube-system")
    with refuses('no matches for kind "CiliumL2AnnouncementPolicy" in version "cilium.io/v2"'):
        kube.object("cilium.io/v2", "CiliumL2AnnouncementPolicy", "all", spec={})
    kube.object("cilium.io/v2alpha1", "CiliumL2AnnouncementPolicy", "all", spec={})
    assert kube.cluster.exists("cilium.io/CiliumL2AnnouncementPolicy", "", "all"), "the served version is taken"


def test_definitions_stay_away_when_the_values_switch_them_off(kube: Bench) -> None:
    kube.namespace("cert-manager")
    kube.release("cert-manager", "cert-manager", {})
    with refuses("no matches for kind"):
        kube.object("cert-manager.io/v1", "ClusterIssuer", "ca", spec={"selfSigned": {}})


def test_an_unknown_field_is_refused_with_its_path(kube: Bench) -> None:
    with refuses("'dataa' was unexpected"):
        kube.create(CONFIG_MAP, config_map(dataa={}))
    spec = job(pod(container(image="x", comand=["true"])))
    with refuses(r"spec\.template\.spec\.containers\[0\].*'comand' was unexpected"):
        kube.object("batch/v1", "Job", "typo", "shop", spec=spec)


def test_a_missing_required_field_is_refused(kube: Bench) -> None:
    with refuses("'template' is a required property"):
        kube.object("batch/v1", "Job", "empty", "shop", spec={})


def test_an_object_in_a_namespace_that_does_not_exist_is_refused(kube: Bench) -> None:
    with refuses('namespaces "shopp" not found'):
        kube.object("v1", "ConfigMap", "settings", "shopp")


def test_a_kind_without_namespaces_loses_one_that_check_gave_it(kube: Bench) -> None:
    """Seen of the official provider with a definition that came while it ran."""
    token = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
    inputs = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": []}
    given = {**inputs, "metadata": {"name": "reader", "namespace": "shop"}}
    made = kube.create(token, given)
    assert (made.identifier, made.outputs["metadata"].get("namespace")) == ("reader", None), "the kind has none"
    known = {**inputs, "metadata": {"name": "reader"}}
    assert not kube.diff(token, given, known).changes, "the next preview knows the kind and wants what is there"


def test_a_name_that_is_taken_is_refused(kube: Bench) -> None:
    kube.create(CONFIG_MAP, config_map())
    with refuses('configmaps "settings" already exists'):
        kube.create(CONFIG_MAP, config_map(), "another")


def test_a_name_with_capitals_is_refused(kube: Bench) -> None:
    with refuses("RFC 1123"):
        kube.create(CONFIG_MAP, config_map("Settings"))


def test_an_object_without_a_name_gets_the_logical_one_and_eight_hex_digits(kube: Bench) -> None:
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop"}}
    checked = kube.check(CONFIG_MAP, inputs, "web")
    name = checked["metadata"]["name"]
    assert name.startswith("web-"), "the logical name comes first"
    assert len(name) == len("web-") + 8, "the provider adds eight hex digits"
    again = kube.check(CONFIG_MAP, inputs, "web", olds=checked)
    assert again["metadata"]["name"] == name, "a generated name is kept"


def test_nothing_is_created_while_the_cluster_is_unreachable(bench: Bench) -> None:
    with refuses("configured Kubernetes cluster is unreachable: no kubeconfig"):
        bench.object("v1", "Namespace", "shop")
    bench.with_kubernetes()
    bench.configure("kubernetes", kubeconfig="apiVersion: v1")
    with refuses("failed to parse kubeconfig"):
        bench.object("v1", "Namespace", "shop")


def test_a_kubeconfig_with_another_ca_is_refused(bench: Bench) -> None:
    bench.with_kubernetes()
    server, record = next(iter(bench.world.table("kubernetes/clusters").items()))
    bench.world.put("kubernetes/clusters", server, {**record, "authority": "of another cluster"})
    with refuses("certificate signed by unknown authority"):
        bench.object("v1", "Namespace", "shop")


def test_reading_an_object_that_is_not_there_finds_nothing(kube: Bench) -> None:
    assert kube.read("kubernetes:core/v1:Secret", "shop/missing") is None, "the engine then says it does not exist"


def test_an_update_keeps_what_others_wrote_and_drops_what_it_no_longer_sets(kube: Bench) -> None:
    old = kube.check(CONFIG_MAP, config_map(data={"a": "1", "b": "2"}))
    kube.create(CONFIG_MAP, old)
    live = kube.cluster.get("ConfigMap", "shop", "settings")
    assert live is not None, "just created"
    live["data"]["theirs"] = "3"
    kube.cluster.store(live)
    kube.update(CONFIG_MAP, "shop/settings", old, kube.check(CONFIG_MAP, config_map(data={"a": "9"})))
    merged = kube.cluster.get("ConfigMap", "shop", "settings")
    assert merged is not None, "an update keeps the object"
    assert merged["data"] == {"a": "9", "theirs": "3"}, "b was ours and is gone, theirs is not ours"


def test_a_changed_job_template_replaces_the_job_deleting_it_first(kube: Bench) -> None:
    token = "kubernetes:batch/v1:Job"
    base: Any = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "namespace": "shop"}}
    old = {**base, "spec": job(pod(container(image="a:1")))}
    new = {**base, "spec": job(pod(container(image="a:2")))}
    diff = kube.diff(token, old, new)
    assert diff.replaces, "a Job's template is immutable"
    assert diff.delete_before_replace, "the name is fixed, so the old Job has to go first"
    annotated = {**base, "metadata": {**base["metadata"], "annotations": {"a": "b"}}, "spec": old["spec"]}
    assert not kube.diff(token, old, annotated).replaces, "metadata changes in place"


def test_secret_data_changes_in_place_only_where_the_provider_says_so(kube: Bench) -> None:
    token = "kubernetes:core/v1:Secret"
    base = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "shop"}}
    old, new = {**base, "stringData": {"a": "1"}}, {**base, "stringData": {"a": "2"}}
    assert kube.diff(token, old, new).replaces, "Secrets are immutable to the provider by default"
    kube.configure("kubernetes", enableSecretMutable="true")
    assert not kube.diff(token, old, new).replaces, "enableSecretMutable lets them change"
    assert not kube.diff(token, old, {**base, "data": {"a": "MQ=="}}).changes, "stringData is data in another form"


def test_a_secret_that_is_read_is_secret_in_its_inputs_too_and_while_it_is_not_ready(kube: Bench) -> None:
    token = "kubernetes:core/v1:Secret"
    handler, inputs = kube.resource(token), config_map(kind="Secret", stringData=Secret({"key": "hunter2"}))
    made = kube.create(token, plain(inputs))
    read = kube.read(token, made.identifier, plain(inputs))
    assert read is not None
    assert "data" in (read.inputs or {}), "the server keeps no stringData"
    found = look(handler, {}, inputs, lambda: read)
    assert found is not None
    assert isinstance((found.inputs or {})["data"], Secret), "a refresh would leave it in the state"

    def unready() -> Result:
        raise InitFailedError(made.identifier, made.outputs, ["not yet"], read.inputs)

    with pytest.raises(InitFailedError) as failed:
        look(handler, {}, inputs, unready)
    assert [isinstance(one["data"], Secret) for one in (failed.value.outputs, failed.value.inputs or {})] == [
        True,
        True,
    ]


def test_an_awaited_condition_that_never_comes_times_out_and_leaves_the_object(kube: Bench) -> None:
    kube.release("cilium", "kube-system")
    waiting = {"annotations": {"pulumi.com/waitFor": "condition=Ready"}}
    with refuses("timed out waiting to be Ready", InitFailedError):
        kube.object("cilium.io/v2", "CiliumLoadBalancerIPPool", "pool", spec={"blocks": []}, metadata=waiting)
    assert kube.cluster.exists("cilium.io/CiliumLoadBalancerIPPool", "", "pool"), "it was created all the same"


@pytest.mark.parametrize("expression", ["Ready", "status=Ready"])
def test_an_await_nobody_understands_is_refused(kube: Bench, expression: str) -> None:
    metadata = {"name": "a", "namespace": "shop", "annotations": {"pulumi.com/waitFor": expression}}
    with refuses('expected a "jsonpath=" or "condition=" prefix'):
        kube.check(CONFIG_MAP, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


@pytest.mark.parametrize(("change", "seen"), [("annotation", "old"), ("data", "new")])
def test_an_awaited_update_that_raises_no_generation_ends_with_an_event_from_before_it(
    kube: Bench, change: str, seen: str
) -> None:
    def version(text: str) -> Any:
        noted = {"pulumi.com/waitFor": "jsonpath={.data.a}=1", **({"note": text} if change == "annotation" else {})}
        metadata = {"name": "settings", "namespace": "shop", "annotations": noted}
        data = {"a": "1", **({"note": text} if change == "data" else {})}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

    kube.create(CONFIG_MAP, version("old"))
    state = kube.update(CONFIG_MAP, "shop/settings", version("old"), version("new")).outputs
    assert {**state["metadata"]["annotations"], **state["data"]}["note"] == seen, "what the engine keeps"
    diff = kube.resource(CONFIG_MAP).diff(kube.call(CONFIG_MAP, state=state), version("new"), version("new"))
    assert bool(diff.changes) == (seen == "old"), "and what it shows as a difference from then on"


def test_deleting_a_namespace_deletes_what_is_in_it(kube: Bench) -> None:
    kube.create(CONFIG_MAP, config_map())
    kube.delete("kubernetes:core/v1:Namespace", "shop")
    assert not kube.cluster.exists("ConfigMap", "shop", "settings"), "nothing outlives its namespace"


def test_an_object_deleted_behind_the_programs_back_is_found_missing(kube: Bench) -> None:
    kube.create(CONFIG_MAP, config_map())
    kube.cluster.remove("ConfigMap", "shop", "settings")
    assert kube.read(CONFIG_MAP, "shop/settings", config_map()) is None, "a refresh must see the drift"


def test_a_refresh_compares_what_the_inputs_say_something_of() -> None:
    """As pruneLiveState of the provider, item by item in lists."""
    inputs = {"ports": [{"port": 80}], "kept": {"a": 1}, "gone": 1}
    live = {"ports": [{"port": 80, "protocol": "TCP"}, {"port": 81}], "kept": {"a": 2, "b": 3}, "more": 4}
    assert prune(live, inputs) == {"ports": [{"port": 80}], "kept": {"a": 2}}
    assert prune({"ports": []}, inputs) == {"ports": []}, "an item that is gone is a difference"


def test_a_field_that_somebody_else_wrote_is_taken_back_by_force_alone(kube: Bench) -> None:
    old, new = config_map(data={"a": "1", "b": "2"}), config_map(data={"a": "3", "b": "2"})
    kube.create(CONFIG_MAP, old)
    live = kube.cluster.get("ConfigMap", "shop", "settings")
    assert live is not None, "just made"
    live["data"]["a"] = "2"
    live["metadata"]["managedFields"].append({"manager": "k9s", "fieldsV1": {"f:data": {"f:a": {}}}})
    kube.cluster.store(live)
    with refuses('conflicts with "k9s": .data.a'):
        kube.update(CONFIG_MAP, "shop/settings", old, new)
    kube.configure("kubernetes", **kube.call(CONFIG_MAP).config, enablePatchForce="true")
    kube.update(CONFIG_MAP, "shop/settings", old, new)
    live = kube.cluster.get("ConfigMap", "shop", "settings")
    assert live is not None, "still there"
    assert live["data"]["a"] == "3", "as the program says"
    assert [one["manager"] for one in live["metadata"]["managedFields"]] == ["pulumi-kubernetes"], "and its own again"


def test_another_identity_of_the_cluster_replaces_its_provider() -> None:
    """As pulumi-kubernetes does; whatever else changes, the same identity is the same cluster."""
    package = next(one for one in packages() if one.name == "kubernetes")
    known: dict[str, Any] = {"clusterIdentifier": "one", "kubeconfig": "old", "context": "a"}
    assert package.replacing_config(known, known | {"clusterIdentifier": "two"}) == ["clusterIdentifier"], "all of it"
    assert package.replacing_config(known, known | {"kubeconfig": UNKNOWN, "context": "b"}) == [], "only credentials"
    without = {"kubeconfig": "old"}
    assert package.replacing_config(without, {"kubeconfig": UNKNOWN}) == ["kubeconfig"], "nothing else says which it is"
    assert package.replacing_config(without, without | {"clusterIdentifier": "one"}) == [], (
        "an identity is added safely"
    )
