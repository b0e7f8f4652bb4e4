"""What upstream has: releases in a Helm repository, in a registry of container images, or on GitHub."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin

import yaml

from lib.images import registry

GITHUB = "https://api.github.com"
_SECONDS = 20
_PAGES = 50
_REGISTRIES: Mapping[str, str] = {"docker.io": "registry-1.docker.io"}
"""Hosts that serve the images of another name."""
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnreachableError(Exception):
    """Upstream did not answer, or not with a list of releases. The message says who and why."""


class Release(NamedTuple):
    """A release by its numbers, such as (17, 11); `flavour` is what stands around them and must stay the same."""

    numbers: tuple[int, ...]
    flavour: str
    text: str

    @classmethod
    def parse(cls, text: str) -> "Release | None":
        """Read `v1.13.0`, `17.11-standard-bookworm` or `2026.8.6`; None for a pre-release and anything else."""
        match = re.fullmatch(r"(v?)(\d+(?:\.\d+)+)(-[A-Za-z][\w.-]*)?", text)
        if match is None or re.match(r"-(alpha|beta|rc|pre|dev|snapshot)", match[3] or "", re.IGNORECASE):
            return None
        return cls(tuple(map(int, match[2].split("."))), f"{match[1]}{match[3] or ''}", text)

    def replaces(self, other: "Release") -> bool:
        """Whether it is a later release of the same flavour, counted in the same way."""
        alike = self.flavour == other.flavour and len(self.numbers) == len(other.numbers)
        return alike and self.numbers > other.numbers


@dataclass(frozen=True)
class Pin:
    """A version that the project names, with what the comment above it tells Renovate.

    Attributes:
        source: `helm`, `docker` or `github-releases`.
        name: Of the chart, image or repository.
        registry: Helm repository.
        extract: Pattern with a group `version`, for tags that say more.
    """

    source: str
    name: str
    version: str
    registry: str = ""
    extract: str = ""


def releases(pin: Pin, github: str = GITHUB) -> list[str]:
    """Every version that upstream offers. Raises UnreachableError."""
    try:
        if pin.source == "helm":
            return _helm(pin)
        if pin.source == "docker":
            return _docker(pin)
        if pin.source == "github-releases":
            return _github(pin, github)
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise UnreachableError(f"{pin.name}: {error}") from None
    raise UnreachableError(f"{pin.name}: {pin.source} is no source that is asked here")


def _helm(pin: Pin) -> list[str]:
    index = yaml.load(_get(f"{pin.registry.rstrip('/')}/index.yaml")[0], Loader=_LOADER)  # noqa: S506 - a safe loader
    return [str(entry["version"]) for entry in index["entries"][pin.name]]


def digest(image: str) -> str:
    """Digest of what the registry of an image has under its tag: for all platforms, where there are several.

    Raises:
        UnreachableError: no answer, or no such image.
    """
    repository, _, tag = image.rpartition(":")
    name = repository if registry(image) == repository.partition("/")[0] else f"docker.io/{repository}"
    host, _, path = name.partition("/")
    if host == "docker.io" and "/" not in path:
        path = f"library/{path}"
    try:
        _, headers, _ = _asked(f"{_registry(host)}/{path}/manifests/{tag}", "", accept=",".join(_MANIFESTS))
        return str(headers["Docker-Content-Digest"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreachableError(f"{image}: {error}") from None


def chart_digest(source: str, name: str, version: str) -> str:
    """Digest of a chart: of its archive, as the index of its repository has it, or of its manifest in a registry.

    Raises:
        UnreachableError: no answer, no such release, or none with a `digest` (Helm, "The Chart Repository Guide").
    """
    if source.startswith("oci://"):
        # Tags have no plus sign (Helm, "Use OCI-based registries").
        return digest(f"{source.removeprefix('oci://')}/{name}:{version.replace('+', '_')}")
    try:
        index = yaml.load(_get(f"{source.rstrip('/')}/index.yaml")[0], Loader=_LOADER)  # noqa: S506 - a safe loader
        found = [str(one["digest"]) for one in index["entries"][name] if str(one["version"]) == version]
        return f"sha256:{found[0].removeprefix('sha256:')}"
    except (OSError, ValueError, KeyError, TypeError, IndexError, yaml.YAMLError) as error:
        raise UnreachableError(f"{source}/{name} {version}: {error}") from None


def _registry(host: str) -> str:
    # As container engines do: a registry on the loopback needs no TLS.
    return f"{'http' if host.startswith('127.0.0.1') else 'https'}://{_REGISTRIES.get(host, host)}/v2"


def _docker(pin: Pin) -> list[str]:
    host, _, repository = pin.name.partition("/")
    url = f"{_registry(host)}/{repository}/tags/list?n=1000"
    return [str(tag) for page in _pages(url) for tag in page.get("tags") or ()]


def _pages(url: str) -> Iterator[Any]:
    """Pages of a list (OCI distribution specification, "Listing Tags")."""
    token = ""
    for _ in range(_PAGES):
        body, headers, token = _asked(url, token)
        yield json.loads(body)
        following = re.search(r'<([^>]+)>;\s*rel="?next"?', headers.get("Link", ""))
        if following is None:
            return
        url = urljoin(url, following[1])


def _asked(url: str, token: str, accept: str = "") -> tuple[bytes, Mapping[str, str], str]:
    """Body, headers and the token that was needed, after the anonymous login that a registry asks for."""
    try:
        return *_get(url, token, accept), token
    except urllib.error.HTTPError as error:
        challenge = dict(re.findall(r'(\w+)="([^"]*)"', error.headers.get("WWW-Authenticate", "")))
        if error.code != 401 or token or "realm" not in challenge:  # noqa: PLR2004 - unauthorised
            raise
    asked = {key: challenge[key] for key in ("service", "scope") if key in challenge}
    answer = json.loads(_get(f"{challenge['realm']}?{urlencode(asked)}")[0])
    return _asked(url, answer.get("token") or answer["access_token"], accept)


def _github(pin: Pin, github: str) -> list[str]:
    found = json.loads(_get(f"{github}/repos/{pin.name}/releases?per_page=100")[0])
    tags = [str(one["tag_name"]) for one in found if not one["prerelease"] and not one["draft"]]
    pattern = pin.extract.replace("(?<", "(?P<")
    return [match["version"] for tag in tags if (match := re.match(pattern, tag))] if pattern else tags


def _get(url: str, token: str = "", accept: str = "") -> tuple[bytes, Mapping[str, str]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Accept": accept} if accept else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - what the pins of the project name
    with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - likewise
        return response.read(), response.headers
