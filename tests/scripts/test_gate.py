"""The loop of the gates: how long it asks, and what it leaves behind when it gives up."""

import http.client
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts import gate


class Clock:
    """Time that passes only when it is slept away."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(gate, "time", made)
    monkeypatch.setenv("SECONDS", "60")
    return made


@pytest.fixture
def message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the kubelet gives to a container."""
    path = tmp_path / "termination-log"
    path.touch()
    monkeypatch.setattr(gate, "TERMINATION_LOG", path)
    return path


def answers(*given: str) -> Callable[[], str]:
    """What is wrong each time; the last stays."""
    left: Iterator[str] = iter(given)
    return lambda: next(left, given[-1])


def test_what_it_ends_with_is_the_last_reason_alone(
    clock: Clock, message: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate.wait(answers("not answering", "sealed"), "unsealed") == 1, "the Job fails"
    assert message.read_text() == "sealed", "what the provider shows of the pod"
    said = capsys.readouterr()
    assert (said.out.splitlines(), said.err) == (["not answering", "sealed"], "sealed\n"), (
        "each reason once, however often it was found, and the one that counts at the end"
    )


def test_outside_a_container_no_file_is_made(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "TERMINATION_LOG", tmp_path / "none")
    gate.give_up("sealed")
    assert not (tmp_path / "none").exists(), "the kubelet makes it, nobody else"


@pytest.mark.parametrize("broken", [http.client.BadStatusLine(""), http.client.IncompleteRead(b""), OSError("reset")])
def test_an_answer_that_breaks_off_is_asked_for_again(clock: Clock, broken: Exception) -> None:
    rounds: Iterator[Exception | str] = iter([broken, ""])

    def problem() -> str:
        found = next(rounds)
        if isinstance(found, Exception):
            raise found
        return found

    assert gate.wait(problem, "there") == 0, "the Job has one pod, so an exception would be its failure"


def test_what_must_last_is_looked_at_until_it_did(clock: Clock) -> None:
    # An old pod answers for a few seconds, then nobody does, then the new one.
    assert gate.wait(answers("", "", "not answering", "not answering", ""), "unsealed", steady=15) == 0, "it came back"
    assert clock.now > 9 + 15, "and was seen to stay"
