"""The recording engine tells the truth: what the other tests build on."""

from typing import Any

import pulumi
import pulumi_authentik as authentik
import pulumi_kubernetes as k8s
import pulumi_random as random
import pulumiverse_talos as talos
import pytest

from tests.support.engine import Run, record
from tests.support.wire import UNKNOWN, Secret, decode, encode, walk


def _config_map(name: str, data: Any, opts: pulumi.ResourceOptions | None = None) -> k8s.core.v1.ConfigMap:
    metadata: Any = {"name": name, "namespace": "default"}
    return k8s.core.v1.ConfigMap(name, metadata=metadata, data=data, opts=opts)


def test_a_secret_is_seen_at_the_path_where_it_lies_and_nowhere_else() -> None:
    recording = record(lambda: _config_map("a", {"open": "x", "shut": pulumi.Output.secret("y")}))
    config = recording.one("kubernetes:core/v1:ConfigMap")
    assert config.get("data", "shut") == "y", "the value is unwrapped, so that a test can compare it"
    assert config.is_secret("data", "shut"), "the secret travelled as one"
    assert not config.is_secret("data", "open"), "its neighbour is not secret"


def test_a_secret_whole_covers_everything_below_it() -> None:
    recording = record(lambda: _config_map("a", pulumi.Output.secret({"deep": "x"})))
    assert recording.one("kubernetes:core/v1:ConfigMap").is_secret("data", "deep"), "a path below a secret is secret"


def test_what_a_provider_generates_is_secret_in_everything_derived_from_it() -> None:
    def build() -> dict[str, object]:
        password = random.RandomPassword("pw", length=20)
        return {"derived": password.result.apply(lambda value: f"user:{value}")}

    outputs = record(build).stack_outputs
    assert outputs.is_secret("derived"), "secret-ness follows the value through apply"
    assert len(outputs.values["derived"]) == len("user:") + 20, "the value has the length that was asked for"


def test_a_dependency_by_data_and_one_by_option_are_both_recorded() -> None:
    def build() -> None:
        first = _config_map("first", {})
        _config_map("by-data", {"name": first.metadata.apply(lambda metadata: str(metadata.name))})
        _config_map("by-option", {}, pulumi.ResourceOptions(depends_on=[first]))

    recording = record(build)
    first = recording.one("*ConfigMap", "first")
    by_data, by_option = recording.one("*ConfigMap", "by-data"), recording.one("*ConfigMap", "by-option")
    assert by_data.property_dependencies["data"] == {first.urn}, "the input says where its value came from"
    assert recording.is_after(by_option, first), "depends_on makes the order"
    assert not recording.is_after(by_option, by_data), "siblings do not wait for each other"


def test_a_resource_waits_for_what_its_provider_waits_for() -> None:
    def build() -> None:
        token = random.RandomPassword("token", length=16)
        provider = k8s.Provider("k8s", kubeconfig=token.result)
        _config_map("a", {}, pulumi.ResourceOptions(provider=provider))

    recording = record(build)
    token = recording.one("random:*")
    assert recording.is_after(recording.one("*ConfigMap"), token), "the provider carries the order"


def test_a_preview_knows_inputs_and_neither_ids_nor_computed_values() -> None:
    def build() -> dict[str, object]:
        config = _config_map("a", {"key": "value"})
        password = random.RandomPassword("pw", length=20)
        return {"id": config.id, "name": config.metadata.apply(lambda metadata: metadata.name), "pw": password.result}

    values = record(build, Run(preview=True)).stack_outputs.values
    assert values["name"] == "a", "an input is known in a preview"
    assert values["id"] is UNKNOWN, "nothing has an id before it exists"
    assert values["pw"] is UNKNOWN, "nothing is generated in a preview"


def test_a_provider_function_without_an_answer_is_an_error() -> None:
    def build() -> None:
        pulumi.runtime.invoke("vault:index/getNothing:getNothing", {"path": "x"})

    with pytest.raises(AssertionError, match="vault:index/getNothing:getNothing is called and has no answer"):
        record(build)


def test_a_known_provider_function_is_recorded_with_its_arguments() -> None:
    def build() -> None:
        talos.imagefactory.get_urls_output(schematic_id="abc", talos_version="v1.13.7", platform="nocloud")

    calls = record(build).calls
    assert [(call.token, call.arguments["schematicId"]) for call in calls] == [
        ("talos:imageFactory/getUrls:getUrls", "abc")
    ], "one call, with the names of the wire"


def test_an_error_inside_an_apply_reaches_the_test() -> None:
    def build() -> None:
        def fail(_: object) -> None:
            raise RuntimeError("inside apply")

        _config_map("a", {"x": _config_map("b", {}).id.apply(fail)})

    with pytest.raises(RuntimeError, match="inside apply"):
        record(build)


def test_two_resources_of_one_type_and_name_are_refused_as_by_the_engine() -> None:
    with pytest.raises(AssertionError, match="Duplicate resource URN"):
        record(lambda: [_config_map("a", {}), _config_map("a", {})])


def test_one_run_sees_nothing_of_another() -> None:
    def build() -> dict[str, object]:
        _config_map("a", {})
        return {"seen": pulumi.Config("home-cluster").get("key") or "nothing", "stack": pulumi.get_stack()}

    first = record(build, Run(stack="one", config={"home-cluster:key": "value"}))
    second = record(build, Run(stack="two"))
    assert first.stack_outputs.values == {"seen": "value", "stack": "one"}, "a run has the configuration it was given"
    assert second.stack_outputs.values == {"seen": "nothing", "stack": "two"}, "and the next one starts without"
    assert len(second.resources) == 1, "nor does it see the resources of the other"


def test_the_parameterised_package_is_registered_in_every_run() -> None:
    def build() -> None:
        provider = authentik.Provider("authentik", url="https://auth.test", token="t")
        authentik.Blueprint("b", path="p.yaml", opts=pulumi.ResourceOptions(provider=provider))

    for _ in range(2):
        recording = record(build)
        assert len(recording.packages) == 1, "the SDK's cache for the process must not outlive a run"
        assert recording.one("authentik:*Blueprint").package_ref == recording.packages[0], "and the resource uses it"


def test_options_of_a_resource_are_recorded() -> None:
    def build() -> None:
        options = pulumi.ResourceOptions(
            protect=True,
            ignore_changes=["data"],
            custom_timeouts=pulumi.CustomTimeouts(create="5m"),
            aliases=[pulumi.Alias(name="old")],
            delete_before_replace=True,
            replacement_trigger="7",
        )
        _config_map("a", {}, options)

    config = record(build).one("*ConfigMap")
    assert config.protect, "protect"
    assert config.ignore_changes == ("data",), "ignore_changes"
    assert config.timeouts == {"create": "5m"}, "custom_timeouts"
    assert config.aliases == ("old",), "aliases"
    assert config.delete_before_replace is True, "delete_before_replace"
    assert config.replacement_trigger == "7", "replacement_trigger"


def test_a_secret_that_exists_already_is_read_as_secret() -> None:
    def build() -> dict[str, object]:
        read = k8s.core.v1.Secret.get("keys", "vault/vault-keys")
        return {"token": read.data["vault-root"]}

    recording = record(build)
    assert recording.stack_outputs.is_secret("token"), "the provider marks the data of a Secret"
    assert recording.one("*Secret").read == "vault/vault-keys", "a read is told from a creation"
    assert recording.stack_outputs.values["token"] in recording.issued, "and its value can be traced"


def test_values_survive_the_wire() -> None:
    sent = {"number": 3, "half": 0.5, "list": [1, {"deep": Secret("s")}], "yes": True, "later": UNKNOWN, "null": None}
    received = decode(encode(sent))
    assert received.value == {"number": 3, "half": 0.5, "list": [1, {"deep": "s"}], "yes": True, "later": UNKNOWN}, (
        "what is sent is received, without what is null"
    )
    assert received.secrets == {("list", 1, "deep")}, "with the path of the secret"
    assert (("list", 1, "deep"), "s") in list(walk(received.value)), "which walk reaches"
