"""A checkout, a release site and fake programs for the tests of the setup scripts."""

import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

VERSION = "3.250.0"


def script(path: Path, text: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def fake_cli(version: str) -> str:
    """Text of a pulumi that only knows its version."""
    return f'[ "$1" = version ] && echo v{version}'


FAKE_GO = f"""\
echo "$@" >> "$(dirname "$0")/go.log"
case "$1" in
env) echo go1.26.8 ;;
build) while [ "$1" != -o ]; do shift; done
       printf '#!/bin/sh\\necho v{VERSION}\\n' > "$2"; chmod 755 "$2" ;;
esac"""


@dataclass
class Site:
    """A release site on loopback: `files` by name, `asked` in order.

    `cut` ends every body half-way; `stall` keeps the other half back until the event is set, 10 s at most.
    """

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    cut: bool = False
    stall: threading.Event | None = None


@pytest.fixture
def site() -> Iterator[Site]:
    """An empty site whose URL contains the version, as that of the real releases does."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rsplit("/", 1)[-1]
            published.asked.append(self.path)
            body = published.files.get(name)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if published.cut or published.stall else body)
            if published.stall:
                self.wfile.flush()
                published.stall.wait(10)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        published = Site(f"http://127.0.0.1:{server.server_port}/v{{version}}")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield published
        server.shutdown()


def tarball(members: Mapping[str, str]) -> bytes:
    """A .tar.gz with these files; a value that begins with `->` is a symbolic link."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            if text.startswith("->"):
                member.type, member.linkname = tarfile.SYMTYPE, text.removeprefix("->")
                tar.addfile(member)
            else:
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def sums(files: Mapping[str, bytes]) -> bytes:
    """A checksums file in the form of sha256sum."""
    return "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in files.items()).encode()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that pins the CLI."""
    root = tmp_path / "checkout"
    (root / "tools" / "pulumi").mkdir(parents=True)
    (root / "requirements.txt").write_text(f"# pins\npulumi=={VERSION} \\\n    --hash=sha256:00\n")
    return root


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make PATH consist of the given fake programs and of /usr/bin and /bin without any pulumi or go in them.

    The cache is a directory of the test.
    """
    directory = tmp_path / "programs"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def install(**texts: str) -> Path:
        for name, text in texts.items():
            script(directory / name, text)
        # dirname and printf for the fakes; nothing else of the machine, so no pulumi or go of its own.
        for name in ("dirname", "chmod", "sh", "sleep"):
            real = next(path for path in (Path("/usr/bin") / name, Path("/bin") / name) if path.exists())
            (directory / name).unlink(missing_ok=True)
            directory.mkdir(exist_ok=True)
            (directory / name).symlink_to(real)
        monkeypatch.setenv("PATH", str(directory))
        return directory

    return install
