"""A release is pinned, awaited and named, and its values may hold outputs and secrets."""

from typing import Any

import pulumi
import pulumi_random as random
import pytest

from components.helm import INSTALL_SECONDS, ReleaseArgs, release
from lib.charts import Catalogue
from tests.support.components import record_component
from tests.support.engine import Recorded


def _release(**changes: Any) -> Recorded:
    arguments: dict[str, Any] = {
        "chart": Catalogue()["vault"],
        "release": "vault",
        "namespace": "vault",
        "values": {"ui": {"enabled": True}},
    }

    def build(opts: pulumi.ResourceOptions) -> None:
        release("vault", ReleaseArgs(**arguments | changes), opts)

    return record_component(build).one("kubernetes:helm.sh/v3:Release")


@pytest.mark.failure("timeouts-that-do-not-nest")
def test_helm_gives_up_before_the_engine_does() -> None:
    one = _release()
    assert one.get("timeout") == INSTALL_SECONDS, "how long Helm waits"
    for operation in ("create", "update"):
        assert int(one.timeouts[operation].removesuffix("s")) > INSTALL_SECONDS, "so that Helm names the workload"


def test_workloads_and_hook_jobs_are_awaited_unless_a_gate_does_it() -> None:
    assert (_release().get("skipAwait"), _release().get("waitForJobs")) == (False, True), "awaited by default"
    gated = _release(await_workloads=False)
    assert (gated.get("skipAwait"), gated.get("waitForJobs")) == (True, False), "left to the gate behind it"


def test_a_secret_among_the_values_stays_secret() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        values = {"plain": "x", "deep": [{"password": pulumi.Output.secret("y")}]}
        release("v", ReleaseArgs(chart=Catalogue()["vault"], release="v", namespace="vault", values=values), opts)

    one = record_component(build).one("*Release")
    assert one.is_secret("values", "deep", 0, "password"), "deep inside the values"
    assert not one.is_secret("values", "plain"), "and the rest can be read in a preview"


def test_an_output_among_the_values_makes_the_order() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        secret = random.RandomPassword("before", length=16, opts=opts)
        arguments = ReleaseArgs(chart=Catalogue()["vault"], release="v", namespace="vault", values={"id": secret.id})
        release("vault", arguments, opts)

    recording = record_component(build)
    assert recording.is_after(recording.one("*Release"), recording.one("random:*")), "by data"


@pytest.mark.parametrize(
    "change",
    [{"values": {"ui": {"enabled": False}}}, {"chart": Catalogue(versions={"vault": "99.0.0"})["vault"]}],
    ids=["values", "version"],
)
def test_the_digest_tells_one_release_from_another(change: dict[str, Any]) -> None:
    def digest(**changes: Any) -> Any:
        def build(opts: pulumi.ResourceOptions) -> dict[str, Any]:
            arguments: dict[str, Any] = {
                "chart": Catalogue()["vault"],
                "release": "vault",
                "namespace": "vault",
                "values": {"ui": {"enabled": pulumi.Output.from_input(True)}},
            }
            return {"digest": release("vault", ReleaseArgs(**arguments | changes), opts).digest}

        return record_component(build).stack_outputs.values["digest"]

    assert digest() == digest(), "the same one again is the same"
    assert digest() != digest(**change), "a gate behind it looks at something else"
