"""What needs a resource that failed is never sent to the engine, which would end the whole update over it."""

import contextvars
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
import pulumi_random as random
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import rpc, settings
from pulumi.runtime.proto import resource_pb2

from components import failures
from components.failures import isolate_failures
from tests.support.engine import Run, record
from tests.support.wire import UNKNOWN

STACK = "urn:pulumi:dev::home::pulumi:pulumi:Stack::home-dev"
PHASE = "urn:pulumi:dev::home::test:phase:Phase::phase"


class Engine:
    """Takes down what it is asked, says of `failing` that it failed, and makes nothing of what is `untargeted`."""

    def __init__(self, failing: Iterable[str] = (), untargeted: Iterable[str] = ()) -> None:
        self.asked: list[str] = []
        self.failing, self.untargeted = set(failing), set(untargeted)

    def RegisterResource(self, request: Any) -> Any:
        self.asked.append(request.name)
        result = resource_pb2.Result.FAIL if request.name in self.failing else resource_pb2.Result.SUCCESS
        made = "made" if request.custom and request.name not in self.untargeted else ""
        return resource_pb2.RegisterResourceResponse(urn=urn(request.name, request.type), id=made, result=result)

    def ReadResource(self, request: Any) -> Any:
        self.asked.append(request.name)
        found = struct_pb2.Struct()
        if request.name not in self.failing:
            found.update({"data": "there"})
        return resource_pb2.ReadResourceResponse(urn=urn(request.name, request.type), properties=found)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self.asked.append(f"outputs of {request.urn.rpartition('::')[2]}")
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any) -> Any:
        self.asked.append("end")
        return request


def urn(name: str, kind: str = "test:thing:Thing") -> str:
    return f"urn:pulumi:dev::home::test:phase:Phase${kind}::{name}"


def isolated(engine: Engine, *, preview: bool = False) -> Any:
    """The monitor that a program talks to, once failures are isolated."""

    def install() -> Any:
        settings.configure(settings.Settings(project="home", stack="dev", monitor=engine, dry_run=preview))
        isolate_failures()
        return settings.get_monitor()

    return contextvars.Context().run(install)


def register(monitor: Any, name: str, *, kind: str = "test:thing:Thing", parent: str = PHASE, **more: Any) -> Any:
    more.setdefault("custom", True)
    request = resource_pb2.RegisterResourceRequest(type=kind, name=name, parent=parent, **more)
    return monitor.RegisterResource(request)


NEEDS: Mapping[str, dict[str, Any]] = {
    "a dependency": {"dependencies": [urn("gate")]},
    "its provider": {"provider": f"{urn('gate')}::id"},
    "its parent": {"parent": urn("gate")},
    "what it is deleted with": {"deletedWith": urn("gate")},
    "what it is replaced with": {"replace_with": [urn("gate")]},
}


@pytest.mark.parametrize("need", NEEDS)
def test_what_needs_a_failed_resource_is_held_back(need: str) -> None:
    engine = Engine(failing={"gate"})
    monitor = isolated(engine)
    register(monitor, "gate")
    answer = register(monitor, "needy", **NEEDS[need])
    assert answer.result == resource_pb2.Result.SKIP, "the SDK leaves its outputs open"
    assert answer.id == "", "it was not made"
    register(monitor, "second", dependencies=[answer.urn])
    register(monitor, "other")
    assert engine.asked == ["gate", "other"], "and so is what needs it in turn, and nothing else"


def test_the_urn_of_what_is_held_back_is_the_one_that_the_engine_would_give() -> None:
    monitor = isolated(Engine(failing={"gate"}))
    register(monitor, "gate")
    below_the_stack = register(monitor, "one", parent=STACK, dependencies=[urn("gate")])
    assert below_the_stack.urn == "urn:pulumi:dev::home::test:thing:Thing::one", "the stack does not show"
    assert register(monitor, "two", dependencies=[urn("gate")]).urn == urn("two"), "any other parent does"


def test_a_read_that_failed_counts_as_a_failure_and_one_that_succeeded_does_not() -> None:
    engine = Engine(failing={"missing"})
    monitor = isolated(engine)
    for name in ("missing", "there"):
        request = resource_pb2.ReadResourceRequest(type="test:thing:Thing", name=name, parent=PHASE, id=name)
        monitor.ReadResource(request)
        register(monitor, f"after-{name}", dependencies=[urn(name)])
    assert engine.asked == ["missing", "there", "after-there"], "an empty answer is the only sign there is"


@pytest.mark.parametrize("more", [{"id": rpc.UNKNOWN}, {"id": "one", "dependencies": [urn("gate")]}])
def test_a_read_of_what_cannot_be_there_is_held_back(more: dict[str, Any]) -> None:
    engine = Engine(failing={"gate"})
    monitor = isolated(engine)
    register(monitor, "gate")
    answer = monitor.ReadResource(
        resource_pb2.ReadResourceRequest(type="test:thing:Thing", name="keys", parent=PHASE, **more)
    )
    register(monitor, "provider", dependencies=[answer.urn])
    assert engine.asked == ["gate"], "an unknown id would end up in the state"


def test_a_component_that_is_held_back_registers_no_outputs() -> None:
    engine = Engine(failing={"gate"})
    monitor = isolated(engine)
    register(monitor, "gate")
    group = register(monitor, "group", custom=False, dependencies=[urn("gate")])
    for which in (group.urn, PHASE):
        monitor.RegisterResourceOutputs(resource_pb2.RegisterResourceOutputsRequest(urn=which))
    assert engine.asked == ["gate", "outputs of phase"], "the engine knows nothing of it, and would end the update"


def test_the_program_ends_with_an_error_so_that_nothing_that_was_held_back_is_deleted() -> None:
    engine = Engine(failing={"gate"})
    monitor = isolated(engine)
    register(monitor, "gate")
    for number in range(3):
        register(monitor, f"needy{number}", dependencies=[urn("gate")])
    with pytest.raises(pulumi.RunError, match=r"^3 resources were left as they are.*\(gate\).*nothing was deleted"):
        monitor.SignalAndWaitForShutdown(empty_pb2.Empty())
    assert "end" not in engine.asked, "after the regular end the engine deletes what it did not hear of"


def test_a_failure_that_nothing_needs_ends_regularly() -> None:
    engine = Engine(failing={"gate"})
    monitor = isolated(engine)
    register(monitor, "gate")
    register(monitor, "other")
    monitor.SignalAndWaitForShutdown(empty_pb2.Empty())
    assert engine.asked == ["gate", "other", "end"], "and what is no longer wanted goes"


def test_what_is_new_and_no_target_has_unknown_outputs_and_holds_nothing_back() -> None:
    """The engine (3.250 NewSkippedCreateStep) answers as if it were there, without an id; None would end functions."""
    engine = Engine(untargeted={"new"})
    monitor = isolated(engine)
    assert register(monitor, "new").result == resource_pb2.Result.SKIP, "the SDK leaves its outputs open"
    register(monitor, "user", dependencies=[urn("new")])
    assert register(monitor, "group", custom=False).result == resource_pb2.Result.SUCCESS, "a component has no id"
    monitor.SignalAndWaitForShutdown(empty_pb2.Empty())
    assert engine.asked == ["new", "user", "group", "end"], "what the engine does not hear of, it would delete"


def test_a_preview_goes_straight_to_the_engine() -> None:
    engine = Engine(failing={"gate"})
    monitor = isolated(engine, preview=True)
    register(monitor, "gate")
    register(monitor, "needy", dependencies=[urn("gate")])
    assert engine.asked == ["gate", "needy"], "nothing is made there, so nothing is missing"


class _Thing(pulumi.CustomResource):
    """A resource of one output."""

    text: pulumi.Output[str]

    def __init__(self, name: str, needs: pulumi.Input[str] | None, opts: pulumi.ResourceOptions) -> None:
        super().__init__("test:thing:Thing", name, {"needs": needs, "text": None}, opts)


def test_outputs_of_what_was_not_made_are_unknown_and_carry_their_dependency(monkeypatch: pytest.MonkeyPatch) -> None:
    """With None in their place the function below would raise, and the user would seem to need nothing."""
    monkeypatch.setattr(failures, "_Isolation", lambda monitor: None)  # so that the engine is asked, and skips it

    def build() -> None:
        failures.isolate_failures()
        opts = pulumi.ResourceOptions(provider=random.Provider("random"))
        made = _Thing("made", "something", opts)
        _Thing("user", made.text.apply(str.upper), opts)

    recording = record(build, Run(skipping=True))
    made, user = (recording.one("test:thing:Thing", name) for name in ("made", "user"))
    assert user.get("needs") is UNKNOWN, "what is unknown is given to no function"
    assert user.dependencies == {made.urn}, "and an input that is unknown still comes from where it comes from"
