"""The download of a release: what it is called, whom it waits for, what it takes out."""

import platform
import socket
import threading
import urllib.request
from pathlib import Path

import pytest

from tests.tools.conftest import VERSION, Site, sums, tarball
from tools import release
from tools.files import UnavailableError

LISTING = f"pulumi-{VERSION}-checksums.txt"


@pytest.fixture
def amd64(monkeypatch: pytest.MonkeyPatch) -> str:
    """The archive's name on Linux on x86-64, whatever runs the test."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    return "pulumi-v3.250.0-linux-x64.tar.gz"


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "pulumi-v3.250.0-linux-x64.tar.gz"),
        ("Linux", "aarch64", "pulumi-v3.250.0-linux-arm64.tar.gz"),
        ("Darwin", "arm64", "pulumi-v3.250.0-darwin-arm64.tar.gz"),
    ],
)
def test_the_archive_is_named_as_pulumi_names_it(system: str, machine: str, name: str) -> None:
    assert release.archive(VERSION, system, machine) == name, "the names are those of .goreleaser.yml upstream"


@pytest.mark.parametrize(("system", "machine"), [("FreeBSD", "amd64"), ("Linux", "riscv64")])
def test_a_machine_without_a_release_is_named(system: str, machine: str) -> None:
    with pytest.raises(UnavailableError, match=f"no release for {system} on {machine}"):
        release.archive(VERSION, system, machine)


def test_a_site_that_accepts_and_stays_silent_is_given_up(tmp_path: Path, amd64: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        silent = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UnavailableError, match=r"127\.0\.0\.1: (no answer within 0\.3 s|timed out)"):
            release.download(VERSION, tmp_path, [silent], committed=tmp_path, patience=0.3)
    assert not (tmp_path / amd64).exists(), "nothing came, so nothing may lie there"


def test_the_wait_for_an_answer_is_bounded_as_a_whole(
    tmp_path: Path, amd64: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A name that resolves slowly, or to many addresses that are all silent: no single socket times out in time.
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: threading.Event().wait(10))
    with pytest.raises(UnavailableError, match=r"no answer within 0\.1 s"):
        release.download(VERSION, tmp_path, ["http://127.0.0.1:1"], committed=tmp_path, patience=0.1)
    assert not (tmp_path / amd64).exists(), "nothing came, so nothing may lie there"


def test_a_download_that_stalls_is_given_up(tmp_path: Path, amd64: str, site: Site) -> None:
    body = tarball({"pulumi/pulumi": "cli"})
    (tmp_path / LISTING).write_bytes(sums({amd64: body}))
    site.files[amd64], site.stall = body, threading.Event()
    with pytest.raises(UnavailableError, match=f"the download of {amd64} broke off"):
        release.download(VERSION, tmp_path, [site.url], committed=tmp_path, patience=2)
    site.stall.set()


def test_the_checksums_are_asked_of_another_site_than_the_archive(tmp_path: Path, amd64: str, site: Site) -> None:
    body = tarball({"pulumi/pulumi": "cli"})
    site.files |= {amd64: body, LISTING: sums({amd64: body})}
    first, last = site.url.replace("/v", "/first/v"), site.url.replace("/v", "/last/v")
    release.download(VERSION, tmp_path, [first, last], committed=tmp_path)
    assert site.asked == [f"/last/v{VERSION}/{LISTING}", f"/first/v{VERSION}/{amd64}"], (
        "whoever can change one site must not be able to change both files"
    )


def test_only_plain_files_of_the_release_are_taken_out(tmp_path: Path, amd64: str, site: Site) -> None:
    body = tarball(
        {
            "pulumi/pulumi": "cli",
            "pulumi/pulumi-language-python-exec": "shim",
            "pulumi/pulumi-language-nodejs": "another language",
            "pulumi/pulumi-language-python": "->/etc/passwd",
            "pulumi/../../pulumi": "outside",
            "../pulumi-language-python-x": "outside",
            "/pulumi/pulumi-language-python-y": "outside",
        }
    )
    site.files |= {amd64: body, LISTING: sums({amd64: body})}
    into = tmp_path / "deep" / "into"
    into.mkdir(parents=True)
    release.download(VERSION, into, [site.url], committed=tmp_path)
    found = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"deep/into/pulumi": "cli", "deep/into/pulumi-language-python-exec": "shim"}, (
        "links, other languages and names that lead outside must stay in the archive"
    )
