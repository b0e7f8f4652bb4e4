"""The official release of the pulumi CLI, with its SHA-256 checksum verified.

Names and places are those of Pulumi's own release workflows (github.com/pulumi/pulumi, `.goreleaser.yml` and
`.github/workflows/{sign,release}.yml`): archive `pulumi-v<version>-<system>-<x64|arm64>.tar.gz` with all files under
`pulumi/`, checksums `pulumi-<version>-checksums.txt` in the form of sha256sum, both uploaded to the GitHub release and
from there to get.pulumi.com.
"""

import hashlib
import http.client
import platform
import queue
import re
import shutil
import sys
import tarfile
import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, cast
from urllib.parse import urlsplit

from tools.files import UnavailableError

SITES = (
    "https://get.pulumi.com/releases/sdk",
    "https://github.com/pulumi/pulumi/releases/download/v{version}",
)
PATIENCE = 8.0
"""Seconds until a site must have answered, so that a network without it falls through fast."""
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
CHUNK = 1 << 20


def archive(version: str, system: str, machine: str) -> str:
    """File name of the release for `platform.system()` and `platform.machine()`; raises `UnavailableError`."""
    try:
        return f"pulumi-v{version}-{SYSTEMS[system]}-{MACHINES[machine.lower()]}.tar.gz"
    except KeyError:
        raise UnavailableError(f"no release for {system} on {machine}") from None


def download(version: str, into: Path, sites: Sequence[str], committed: Path, patience: float = PATIENCE) -> None:
    """Put the CLI and its Python language host into the directory `into`.

    `sites` are base URLs, tried in order for the archive and in reverse for the checksums, so that the two come from
    different hosts where possible. A checksums file in `committed` is used instead of a published one.
    `patience` is in seconds. Raises `UnavailableError` where no site answers or the checksum is wrong.
    """
    name = archive(version, platform.system(), platform.machine())
    bases = [site.format(version=version) for site in sites]
    expected = _checksum(f"pulumi-{version}-checksums.txt", name, bases[::-1], committed, patience)
    target = into / name
    with _open_first(bases, name, patience) as response:
        print(f"setup: downloading {name} from {urlsplit(response.url).hostname}", file=sys.stderr, flush=True)
        actual = _save(response, target)
    if actual != expected:
        raise UnavailableError(f"{name} refused: its SHA-256 is {actual}, the published one {expected}")
    _extract(target, into)
    target.unlink()


def _checksum(listing: str, name: str, bases: Sequence[str], committed: Path, patience: float) -> str:
    """The SHA-256 (hex) of `name` in the checksums file `listing`."""
    if (committed / listing).is_file():
        text = (committed / listing).read_text()
    else:
        with _open_first(bases, listing, patience) as response:
            text = response.read(CHUNK).decode(errors="replace")
    match = re.search(rf"^([0-9a-f]{{64}}) [ *]{re.escape(name)}$", text, re.MULTILINE)
    if match is None:
        raise UnavailableError(f"{listing} has no checksum of {name}")
    return match[1]


def _open_first(bases: Sequence[str], name: str, patience: float) -> http.client.HTTPResponse:
    """Open `name` at the first of `bases` that has it."""
    reasons = []
    for base in bases:
        try:
            return _open(f"{base}/{name}", patience)
        except (OSError, http.client.HTTPException) as error:
            reasons.append(f"{urlsplit(base).hostname}: {getattr(error, 'reason', error)}")
    raise UnavailableError(f"release not reachable, {', '.join(reasons)}")


def _open(url: str, patience: float) -> http.client.HTTPResponse:
    """Open `url` within `patience` seconds in all: a socket's timeout alone counts anew for each address of a host."""
    answer: queue.Queue[http.client.HTTPResponse | Exception] = queue.Queue(1)

    def request() -> None:
        try:
            answer.put(urllib.request.urlopen(url, timeout=patience))
        except Exception as error:  # handed to the waiting thread, which raises it
            answer.put(error)

    threading.Thread(target=request, daemon=True).start()
    try:
        result = answer.get(timeout=patience)
    except queue.Empty:
        raise TimeoutError(f"no answer within {patience:g} s") from None
    if isinstance(result, Exception):
        raise result
    if urlsplit(result.url).scheme != urlsplit(url).scheme:
        raise OSError(f"redirected to {result.url}")
    return result


def _save(response: http.client.HTTPResponse, target: Path) -> str:
    """Write the body to `target`; returns its SHA-256 (hex)."""
    summary = hashlib.sha256()
    try:
        with target.open("wb") as file:
            while chunk := response.read(CHUNK):
                summary.update(chunk)
                file.write(chunk)
        if response.length:  # read() with a size does not complain of a body that ends early
            raise http.client.IncompleteRead(b"", response.length)
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(f"the download of {target.name} broke off ({error})") from error
    return summary.hexdigest()


def _extract(archive_file: Path, into: Path) -> None:
    """Take the CLI and the Python language host out of the archive; the other languages' hosts stay in it."""
    with tarfile.open(archive_file) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            wanted = path.name == "pulumi" or path.name.startswith("pulumi-language-python")
            if member.isfile() and wanted and path.parts[:-1] == ("pulumi",):
                source = cast("IO[bytes]", tar.extractfile(member))
                with source, (into / path.name).open("wb") as file:
                    shutil.copyfileobj(source, file)
                (into / path.name).chmod(0o755)
