"""A custom resource is awaited by its status, and its name makes an order without losing the preview."""

from typing import Any

import pulumi

from components.custom_resource import CustomResourceArgs, custom_resource, value_after
from tests.support.components import record_component
from tests.support.engine import Recording, Run


def _built(preview: bool = False, **changes: Any) -> Recording:
    arguments: dict[str, Any] = {
        "api_version": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "name": "login",
        "spec": {"refreshInterval": "1h0m0s"},
        "namespace": "gitea",
    }

    def build(opts: pulumi.ResourceOptions) -> dict[str, Any]:
        resource = custom_resource("login", CustomResourceArgs(**arguments | changes), opts)
        return {"name": value_after(resource, "login"), "id": resource.id}

    return record_component(build, Run(preview=preview))


def test_it_is_awaited_until_its_status_shows_the_condition() -> None:
    one = _built(seconds=60).one("*ExternalSecret")
    assert one.get("metadata", "annotations", "pulumi.com/waitFor") == "condition=Ready", "Ready unless told otherwise"
    assert one.timeouts == {"create": "60s", "update": "60s"}, "for as long as it was told"


def test_a_kind_without_status_is_not_awaited() -> None:
    one = _built(wait_for=None).one("*ExternalSecret")
    assert one.get("metadata", "annotations") is None, "an annotation for nothing would wait for ever"


def test_own_annotations_stand_beside_the_condition() -> None:
    annotations = _built(annotations={"a": "b"}).one("*ExternalSecret").get("metadata", "annotations")
    assert annotations == {"a": "b", "pulumi.com/waitFor": "condition=Ready"}, "both are kept"


def test_a_cluster_scoped_object_has_no_namespace() -> None:
    assert "namespace" not in _built(namespace=None).one("*ExternalSecret").get("metadata"), "the API refuses one"


def test_its_name_is_known_in_a_preview_and_still_makes_the_order() -> None:
    assert _built(preview=True).stack_outputs.values["name"] == "login", "a plan shows the name"

    def build(opts: pulumi.ResourceOptions) -> None:
        first = custom_resource("first", _plain("first"), opts)
        arguments = CustomResourceArgs(
            api_version="example.com/v1", kind="Thing", name="second", spec={"uses": value_after(first, "first")}
        )
        custom_resource("second", arguments, opts)

    for preview in (False, True):
        recording = record_component(build, Run(preview=preview))
        second, first = recording.one("*Thing", "second"), recording.one("*Thing", "first")
        assert second.get("spec", "uses") == "first", "the value is the name itself"
        assert recording.is_after(second, first), "and its user waits for the object"


def _plain(name: str) -> CustomResourceArgs:
    return CustomResourceArgs(api_version="example.com/v1", kind="Thing", name=name, spec={})
