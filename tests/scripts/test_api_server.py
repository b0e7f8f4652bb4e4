"""The gate of the Kubernetes API, against a TLS server that demands a client certificate."""

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from doubles.certificates import Authority
from doubles.loopback import Double, Reply, Request, serving
from scripts import api_server


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("kubernetes")


@pytest.fixture
def answers() -> list[tuple[int, str]]:
    """Answers in order; the last one stays."""
    return [(200, "ok")]


@pytest.fixture
def server(authority: Authority, answers: list[tuple[int, str]]) -> Iterator[Double]:
    def respond(_: Request) -> Reply:
        return Reply(*(answers.pop(0) if len(answers) > 1 else answers[0]))

    with serving(respond, authority.server(clients=authority)) as running:
        yield running


def environment(
    url: str, authority: Authority, trusted: Authority | None = None, seconds: str = "0", **more: str
) -> dict[str, str]:
    certificate, key = authority.issue("admin")
    material = {
        "CA_CERTIFICATE": (trusted or authority).pem,
        "CLIENT_CERTIFICATE": certificate,
        "CLIENT_KEY": key,
    }
    encoded = {name: base64.b64encode(pem).decode() for name, pem in material.items()}
    return {"API_SERVERS": url, "SECONDS_TO_WAIT": seconds, **encoded, **more}


def test_a_ready_api_opens_the_gate(server: Double, authority: Authority) -> None:
    assert api_server.main(environment(server.url, authority)) == 0, "the API is ready"
    assert [request.path for request in server.requests] == ["/readyz"], (
        "readiness is asked; a server that merely lives still refuses requests"
    )


@pytest.mark.parametrize("answers", [[(500, "[-]etcd failed"), (500, "[-]etcd failed"), (200, "ok")]])
def test_an_api_that_starts_is_waited_for(server: Double, authority: Authority) -> None:
    cluster = api_server.Cluster([server.url], api_server.tls_context(environment(server.url, authority)))
    assert api_server.wait(cluster.problem, 30, pause=0.01) is None, "it became ready in time"
    assert len(server.requests) == 3, "it was asked until it was ready, and no longer"


@pytest.mark.parametrize("answers", [[(500, "[-]etcd failed: reason withheld")]])
def test_a_deadline_ends_the_wait_with_the_last_answer(
    server: Double, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    assert api_server.main(environment(server.url, authority)) == 1, "an API that is not ready must not open the gate"
    message = capsys.readouterr().err
    assert "[-]etcd failed" in message, "the failing check is what a person needs to see"
    assert server.url in message, "the address that was asked is part of the finding"


@pytest.mark.parametrize("answers", [[(401, "Unauthorized")]])
def test_refused_credentials_are_no_readiness(server: Double, authority: Authority) -> None:
    assert api_server.main(environment(server.url, authority)) == 1, "nothing could be installed with them"


def test_nobody_listening_is_said_as_that(authority: Authority, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{unused.getsockname()[1]}"
        assert api_server.main(environment(url, authority)) == 1, "there is no API"
    assert "does not answer" in capsys.readouterr().err, "a refused connection is not an answer"


@pytest.mark.failure("another-cluster-answers")
def test_another_cluster_on_the_address_is_not_mistaken_for_this_one(server: Double, authority: Authority) -> None:
    stranger = Authority("another cluster")
    assert api_server.main(environment(server.url, authority, trusted=stranger)) == 1, (
        "a server whose certificate the cluster's CA did not sign is another cluster"
    )
    assert not server.requests, "credentials are not even offered to it"


def test_the_client_certificate_of_another_cluster_does_not_open_the_gate(server: Double, authority: Authority) -> None:
    stranger = Authority("another cluster")
    assert api_server.main(environment(server.url, stranger, trusted=authority)) == 1, "the server refuses it"


def test_plain_http_is_refused_before_anything_is_sent(authority: Authority) -> None:
    assert api_server.main(environment("http://127.0.0.1:1", authority)) == 1, "the answer could be anyone's"


def node(ready: str = "True", version: str = "v1.36.4") -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "message": "container runtime is down"}
    return {"status": {"conditions": [condition], "nodeInfo": {"kubeletVersion": version}}}


@pytest.fixture
def api(authority: Authority) -> Iterator[tuple[Double, dict[str, Any]]]:
    """An API server of one node, and what it answers by path."""
    objects: dict[str, Any] = {
        "/readyz": "ok",
        "/version": {"gitVersion": "v1.36.4"},
        "/api/v1/nodes/worker0": node(),
        "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/worker0": {"spec": {"renewTime": "T1"}},
    }

    def respond(request: Request) -> Reply:
        return Reply(200, json.dumps(objects[request.path])) if request.path in objects else Reply(404, "not found")

    with serving(respond, authority.server(clients=authority)) as running:
        yield running, objects


def asked(url: str, authority: Authority, name: str = "worker0") -> api_server.Cluster:
    return api_server.Cluster([url], api_server.tls_context(environment(url, authority)), [name], "v1.36.4")


def test_a_node_that_is_ready_and_of_the_version_is_well(
    api: tuple[Double, dict[str, Any]], authority: Authority
) -> None:
    given = environment(api[0].url, authority, NODES="worker0", VERSION="v1.36.4")
    assert api_server.main(given) == 0, "the server, its version and the node are as they should be"


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        ("/version", {"gitVersion": "v1.36.3"}, "is of v1.36.3, not yet of v1.36.4"),
        ("/api/v1/nodes/worker0", node(ready="Unknown"), "node worker0 is not Ready: container runtime is down"),
        ("/api/v1/nodes/worker0", node(version="v1.36.3"), "the kubelet of worker0 is of v1.36.3"),
        ("/api/v1/nodes/worker0", {"status": {"conditions": []}}, "node worker0 is not Ready: no condition yet"),
    ],
)
def test_a_node_on_its_way_is_not_well(
    api: tuple[Double, dict[str, Any]], authority: Authority, path: str, answer: Any, reason: str
) -> None:
    server, objects = api
    objects[path] = answer
    assert reason in (asked(server.url, authority).problem() or ""), "the next node must wait for this one"


def test_a_node_that_does_not_exist_is_not_well(api: tuple[Double, dict[str, Any]], authority: Authority) -> None:
    assert "answers 404" in (asked(api[0].url, authority, "worker9").problem() or ""), "it never joined"


def test_a_kubelet_that_is_silent_is_missed_while_its_node_still_counts_as_ready(
    api: tuple[Double, dict[str, Any]], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, objects = api
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    cluster = asked(server.url, authority)
    assert cluster.problem() is None, "it has just been seen"
    now[0] += api_server.SILENT_SECONDS + 1
    assert "worker0 is silent" in (cluster.problem() or ""), "a node that reboots is Ready for most of a minute"
    lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/worker0"
    objects[lease] = {"spec": {"renewTime": "T2"}}
    assert cluster.problem() is None, "it is back"


def test_all_must_be_well_on_end() -> None:
    now, answers = [0.0], [None, "rebooting", None, None, None]

    def problem() -> str | None:
        now[0] += 10
        return answers.pop(0)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("time.monotonic", lambda: now[0])
        assert api_server.wait(problem, 100, hold=20, pause=0) is None, "well for twenty seconds"
        assert answers == [], "what was well before the reboot does not count"
        answers[:] = ["rebooting", None, None]
        assert "rebooting" in (api_server.wait(problem, 25, hold=60, pause=0) or ""), "the reason is not forgotten"


def test_every_server_is_asked(server: Double, authority: Authority) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        silent = f"https://127.0.0.1:{unused.getsockname()[1]}"
        assert api_server.main(environment(f"{server.url},{silent}", authority)) == 1, "the second is not ready"


def test_nothing_secret_is_printed(server: Double, authority: Authority, capsys: pytest.CaptureFixture[str]) -> None:
    given = environment(server.url, authority)
    api_server.main(given)
    captured = capsys.readouterr()
    assert given["CLIENT_KEY"] not in captured.out + captured.err, "what is printed ends up in the log of the update"


def test_the_key_leaves_no_file_behind(
    server: Double, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    api_server.main(environment(server.url, authority))
    assert not list(scratch.iterdir()), "the key of the administrator must not stay on the disk"
