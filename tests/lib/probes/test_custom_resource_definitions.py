"""The gate of kinds that an operator registers, against a double of the API server."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.probes import custom_resource_definitions as probe
from tests.lib.probes.tls_double import Authority, Server, serving

POOL = "pools.example.test/v2"


def definition(*, established: bool = True, served: tuple[str, ...] = ("v2",)) -> dict[str, Any]:
    return {
        "spec": {"versions": [{"name": name, "served": name in served} for name in ("v2", "v2alpha1")]},
        "status": {"conditions": [{"type": "Established", "status": str(established)}]},
    }


@pytest.fixture
def answers() -> list[Any]:
    """Definitions in the order they are answered, None where there is none; the last one stays."""
    return [definition()]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("kubernetes")


@pytest.fixture
def server(authority: Authority, answers: list[Any], tmp_path: Path) -> Iterator[Server]:
    def respond(_: str) -> tuple[int, str]:
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return (404, "not found") if found is None else (200, json.dumps(found))

    with serving(respond, authority, tmp_path) as running:
        yield running


Ask = Callable[..., int]


@pytest.fixture
def ask(server: Server, authority: Authority, tmp_path: Path) -> Ask:
    """Runs the probe in a pod whose ServiceAccount is mounted."""
    (tmp_path / "ca.crt").write_bytes(authority.pem)
    (tmp_path / "token").write_text("service-account-token")

    def run(definitions: str = POOL, seconds: float = 0) -> int:
        environment = {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(server.port),
            "DEFINITIONS": definitions,
            "SECONDS_TO_WAIT": str(seconds),
        }
        return probe.main(environment, tmp_path, pause=0.01)

    return run


def test_an_established_definition_opens_the_gate(ask: Ask, server: Server) -> None:
    assert ask() == 0, "objects of this kind can be created"
    ((path, headers),) = server.requests
    assert path == "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pools.example.test", (
        "one definition is read, which is all the ServiceAccount may do"
    )
    assert headers["Authorization"] == "Bearer service-account-token", "the pod's own identity asks"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([None], "not registered"),
        ([definition(established=False)], "not established"),
        ([definition(served=("v2alpha1",))], "serves v2alpha1, not v2"),
        ([definition(served=())], "serves no version"),
    ],
    ids=["absent", "not established", "only an older version", "no version"],
)
def test_a_kind_that_cannot_be_created_keeps_the_gate_shut(
    ask: Ask, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask() == 1, "an object of this kind would be refused"
    message = capsys.readouterr().err
    assert said in message, "the reason tells an operator that is slow from a chart that is too old"
    assert POOL in message, "the kind that is missing must be named"


@pytest.mark.parametrize("answers", [[None, definition(established=False), definition()]])
def test_an_operator_that_starts_is_waited_for(ask: Ask, server: Server) -> None:
    assert ask(seconds=30) == 0, "the kind appeared in time"
    assert len(server.requests) == 3, "it was asked until it was there, and no longer"


@pytest.mark.parametrize("answers", [[definition(), None, definition()]])
def test_every_definition_is_waited_for_and_none_asked_for_twice_in_vain(ask: Ask, server: Server) -> None:
    assert ask(f"{POOL},others.example.test/v2", seconds=30) == 0, "both appeared in time"
    asked = [path.rpartition("/")[2] for path, _ in server.requests]
    assert asked == ["pools.example.test", "others.example.test", "others.example.test"], "only the missing one again"


def test_a_server_that_cannot_be_trusted_is_no_answer(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(Authority("stranger").pem)
    assert ask() == 1, "the token would have gone to someone else"
