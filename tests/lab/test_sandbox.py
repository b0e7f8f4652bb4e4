"""A script that runs in the lab has what its container has, and nothing of this machine."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from doubles.loopback import Reply, Request
from lab.scripts.network import Tls
from lab.scripts.sandbox import Ended, Pod, run


class Network:
    """A server that answers with the header it was sent, and one that nobody reaches."""

    def respond(self, url: str, request: Request, tls: Tls | None) -> Reply:
        if "gone" in url:
            raise OSError("connection refused")
        return Reply(503 if request.path == "/sealed" else 200, f"{request.method} {request.headers['Host']}")

    def greeting(self, host: str, port: int) -> bytes:
        return f"SSH-2.0-{host}:{port}\r\n".encode()


def script(text: str, **environment: str) -> Ended:
    files = {
        "/script/main.py": text,
        "/script/own/part.py": "NAME = __name__",
        "/ca.crt": "-----BEGIN CERTIFICATE-----",
    }
    now = datetime(2026, 1, 1, tzinfo=UTC)
    pod = Pod(files=files, environment=environment, network=Network(), now=now, volumes=("/data",))
    return run(pod, "/script/main.py")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import os; print(sorted(os.environ))", "['SSL_CERT_FILE']"),
        ("from own import part; print(part.NAME)", "own.part"),
        ("from own.part import NAME; print(NAME)", "own.part"),
        ("from datetime import UTC, datetime; print(datetime.now(UTC).date())", "2026-01-01"),
        ("import os; print(os.path.ismount('/data'), os.path.ismount('/probe'))", "True False"),
        ("from pathlib import Path; Path('/data/a').open('wb').close(); print(Path('/data/a').exists())", "True"),
        ("import socket\nwith socket.create_connection(('git', 22)) as c: print(c.makefile('rb').read())", "git:22"),
        ("import urllib.request as web; print(web.urlopen('https://vault:8200/').read())", "GET vault:8200"),
    ],
)
def test_a_script_has_what_its_pod_has(text: str, words: str) -> None:
    ended = script(text, SSL_CERT_FILE="/ca.crt")
    assert (ended.code, words in ended.words) == (0, True), ended


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import subprocess", "No module named 'subprocess'"),
        ("import os; os.kill", "no attribute 'kill'"),
        ("import os; os.environ['HOME']", "KeyError: 'HOME'"),
        (f"open({str(Path(__file__))!r})", "No such file or directory"),
        (f"from pathlib import Path; Path({str(Path(__file__))!r}).read_text()", "No such file or directory"),
        ("open('/script/new', 'w')", "Read-only file system"),
        ("import urllib.request as web; web.urlopen('file:///etc/passwd')", "unknown url type: file"),
        ("import urllib.request as web; web.urlopen('http://gone/')", "connection refused"),
        ("import urllib.request as web; web.urlopen('http://vault/sealed')", "HTTP Error 503: Service Unavailable"),
        ("import urllib.request as web; web.urlopen('https://vault/')", "certificate verify failed"),
    ],
)
def test_what_is_not_there_ends_it(text: str, words: str) -> None:
    ended = script(text)
    assert (ended.code, words in ended.words, ended.waited) == (1, True, False), ended


def test_its_last_words_are_those_that_the_kubelet_takes() -> None:
    left = (
        "from pathlib import Path; Path('/dev/termination-log').write_text('why'); print('noise'); raise SystemExit(1)"
    )
    assert script(left) == Ended(1, "why", False), "what it left"
    assert script("print('why'); raise SystemExit(1)") == Ended(1, "why", False), "else its log"


def test_time_passes_where_it_sleeps() -> None:
    ended = script("import time; a = time.monotonic(); time.sleep(3); print(time.monotonic() - a)")
    assert ended == Ended(0, "86400.0", True), "long enough for whoever waits to ask once more and give up"
