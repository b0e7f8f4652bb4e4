"""The gate of conditions, against a double of the API server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from doubles.certificates import Authority
from doubles.kubernetes_api import KubernetesApi, Target
from doubles.loopback import Double, serving
from scripts import conditions as probe
from scripts import gate

NODE = "/api/v1/nodes/worker0=Ready"


def condition(status: str = "True", message: str = "") -> dict[str, Any]:
    conditions = [
        {"type": "DiskPressure", "status": "False"},
        {"type": "Ready", "status": status, "reason": "KubeletNotReady", "message": message},
    ]
    return {"status": {"conditions": conditions}}


@dataclass
class Nodes:
    """A cluster whose nodes are asked for by name."""

    answers: list[Any]
    version: str = "v1.36.3"

    def user(self, token: str) -> str | None:
        return token or None

    def may(self, user: str, verb: str, target: Target) -> bool:
        return (user, verb, target.resource) == ("service-account-token", "get", "nodes")

    def objects(self, target: Target) -> list[dict[str, Any]]:
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [] if found is None else [{"metadata": {"name": target.name}, **found}]


@pytest.fixture
def answers() -> list[Any]:
    """Objects in the order they are answered, None where there is none; the last one stays."""
    return [condition()]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("kubernetes")


@pytest.fixture
def server(authority: Authority, answers: list[Any]) -> Iterator[Double]:
    with serving(KubernetesApi(Nodes(answers)).respond, authority.server()) as running:
        yield running


Ask = Callable[..., int]


@pytest.fixture
def ask(server: Double, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs the probe in a pod whose ServiceAccount is mounted."""
    (tmp_path / "ca.crt").write_bytes(authority.pem)
    (tmp_path / "token").write_text("service-account-token")

    def run(objects: str = NODE, seconds: float = 0) -> int:
        environment = {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": server.url.rpartition(":")[2],
            "OBJECTS": objects,
        }
        monkeypatch.setenv("SECONDS", str(seconds))
        monkeypatch.setattr(gate, "INTERVAL_SECONDS", 0.01)
        return probe.main(environment, tmp_path)

    return run


def test_a_condition_that_is_true_opens_the_gate(ask: Ask, server: Double) -> None:
    assert ask() == 0, "the node is Ready"
    (request,) = server.requests
    assert request.path == "/api/v1/nodes/worker0", (
        "one object is read by its name, which is all the ServiceAccount may do"
    )
    assert request.headers["Authorization"] == "Bearer service-account-token", "the pod's own identity asks"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([None], "does not exist"),
        ([{"status": {}}], "has no condition Ready yet"),
        ([{}], "has no condition Ready yet"),
        ([condition("False", "cni plugin not initialized")], "cni plugin not initialized"),
        ([condition("Unknown")], "KubeletNotReady"),
    ],
    ids=["absent", "no conditions", "no status", "false", "unknown"],
)
def test_a_condition_that_is_not_true_keeps_the_gate_shut(
    ask: Ask, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask() == 1, "what follows would not work"
    message = capsys.readouterr().err
    assert said in message, "a node that never joined is another matter than one without a network"
    assert "/api/v1/nodes/worker0" in message, "the object that is missing must be named"


@pytest.mark.parametrize("answers", [[None, condition("False"), condition()]])
def test_an_object_that_is_on_its_way_is_waited_for(ask: Ask, server: Double) -> None:
    assert ask(seconds=30) == 0, "it was Ready in time"
    assert len(server.requests) == 3, "it was asked until it was, and no longer"


@pytest.mark.parametrize("answers", [[condition(), None, condition()]])
def test_every_object_is_waited_for_and_none_asked_for_again_in_vain(ask: Ask, server: Double) -> None:
    assert ask(f"{NODE},/api/v1/nodes/worker1=Ready", seconds=30) == 0, "both were Ready in time"
    asked = [request.path.rpartition("/")[2] for request in server.requests]
    assert asked == ["worker0", "worker1", "worker1"], "only the missing one again"


@pytest.mark.parametrize("answers", [[None]])
def test_only_what_is_missing_is_reported(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    ask(f"{NODE},/api/v1/nodes/worker1=Ready")
    assert len(capsys.readouterr().err.splitlines()) == 2, "one line for each object that is not there"


def test_a_server_that_cannot_be_trusted_is_no_answer(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(Authority("stranger").pem)
    assert ask() == 1, "the token would have gone to someone else"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("172.28.0.3", "172.28.0.4"), None),
        ((), "has no address: no load balancer of the cluster serves it"),
        (("172.28.0.4",), "has 172.28.0.4, and network.loadBalancers of the stack file says 172.28.0.3"),
    ],
    ids=["that of every node", "none", "another"],
)
def test_a_service_has_the_address_of_the_stack_file_or_it_is_said(given: tuple[str, ...], says: str | None) -> None:
    status = {"loadBalancer": {"ingress": [{"ip": address} for address in given]} if given else {}}
    assert probe.problem({"status": status}, "address:172.28.0.3") == says
