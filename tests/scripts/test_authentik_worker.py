"""Liveness of the worker: the script as the kubelet runs it, against a double of the tasks of the API."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from doubles.loopback import Reply, serving
from tests.scripts.authentik import RUN, TOKEN, Worker, task
from tests.support.program import record_program


def probe(url: str, token: str = TOKEN) -> tuple[int, str]:
    """The command of the release's worker, with the Python of the tests and the double in the server's place."""
    release = record_program(preview=False).one("*:Release", "authentik-release")
    command: list[str] = release.get("values", "worker", "livenessProbe", "exec", "command")
    assert command[:2] == ["python", "-c"], "what Authentik's own front end calls it (src/worker/mod.rs)"
    assert "{{" not in command[2], "a chart may take it for a template"
    assert command[3] == "http://authentik-server.authentik.svc", "past the ingress"
    environment: Mapping[str, str] = {**os.environ, "AUTHENTIK_BOOTSTRAP_TOKEN": token}
    ended = subprocess.run(
        [sys.executable, "-I", *command[1:3], url], env=environment, capture_output=True, text=True, check=False
    )
    assert token not in ended.stdout + ended.stderr, "Events and logs are no place for it"
    return ended.returncode, ended.stdout + ended.stderr


_later: Any = partial(partial, task)
"""A task as it is when the test runs, which may be long after it was collected."""


@pytest.mark.parametrize(
    ("held", "stuck"),
    [
        ([_later("queued", 11), _later("info", 12)], True),  # since a switch-over of Postgres nothing is taken
        ([_later("queued", 11)], True),
        ([_later("queued", 11), _later("running", 30)], True),
        ([_later("queued", 11), _later("info", 1)], False),  # busy: others are done meanwhile
        ([_later("queued", 11), _later("consumed", 1)], False),
        ([_later("queued", 1), _later("info", 700)], False),  # a long outage of everything has just ended
        ([_later("queued", 90, again=30), _later("info", 12)], False),  # it failed, and is tried again later
        ([_later("queued", 90, again=-20), _later("info", 15)], True),  # that time is over, too
        ([_later("info", 700)], False),
        ([], False),
    ],
)
def test_a_worker_is_stuck_when_tasks_wait_and_none_is_taken(held: list[Callable[[], Any]], stuck: bool) -> None:
    with serving(Worker(text=None, queue=[one() for one in held]).respond) as api:
        code, said = probe(api.url)
    assert code == int(stuck), said
    assert (RUN in said) is stuck, "the Event of the kubelet says what waits"


@pytest.mark.parametrize("reply", [Reply(503), Reply(200, "<html>"), Reply(200, {}), Reply(200, {"results": [{}]})])
def test_an_api_that_does_not_say_is_no_reason_to_restart_the_worker(reply: Reply) -> None:
    with serving(lambda _: reply) as api:
        code, said = probe(api.url)
    assert (code, "cannot tell" in said) == (0, True), "the database or the server may be away, or be another release"


def test_a_token_that_is_not_made_yet_is_no_reason_either() -> None:
    with serving(Worker(text=None, queue=[task("queued", 90)]).respond) as api:
        assert probe(api.url, "another")[0] == 0, "at the very first start"
