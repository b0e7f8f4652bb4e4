"""A robot pushes a small image, pulls it and takes it away again: the protocol of the OCI distribution specification.

Harbor sends a client to its token service, which takes the robot's name and secret (src/server/middleware/v2auth and
src/core/service/token). A request with a session cookie it takes for a browser's, and asks it for a CSRF token
(src/server/middleware/csrf): container runtimes send none, and neither does this.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import secrets
import tarfile
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from components.harbor.settings import HarborSettings
from smoke.check import Check, Failed, Skipped
from smoke.client import Browser, Page, forgetful
from smoke.site import Robot, Site

IMAGES = "images are pushed and pulled by robots"
_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
_NAME: Final = "smoke"


def checks(site: Site) -> Iterator[Check]:
    """The one check, where there is a registry."""
    if site.settings.section(HarborSettings).enabled:
        look = (
            "kubectl -n harbor logs deployment/harbor-registry -c registry; Harbor: logs and permissions of the robot"
        )
        yield Check(IMAGES, "an image goes in and out", look, partial(_round, site))


def _round(site: Site) -> str:
    if site.robot is None:
        raise Skipped("set SMOKE_ROBOT and SMOKE_ROBOT_SECRET to a robot that may push and pull")
    registry = Repository(
        forgetful(site.network), site.settings.section(HarborSettings).host, f"{site.robot.project}/{_NAME}", site.robot
    )
    image, tag = made_up(), secrets.token_hex(8)
    for blob in (image.layer, image.config):
        registry.upload(blob)
    registry.push(tag, image.manifest)
    pulled = registry.call("GET", f"manifests/{tag}", HTTPStatus.OK, {"Accept": _MANIFEST}).body
    layer = registry.call("GET", f"blobs/{digest(image.layer)}", HTTPStatus.OK).body
    if (pulled, layer) != (image.manifest, image.layer):
        raise Failed(f"{registry.name}:{tag} comes back as something else than was pushed")
    return f"{registry.name}:{tag}, {registry.remove(image.manifest)}"


@dataclass(frozen=True)
class Image:
    """An image that nobody has pushed before: a manifest, a configuration and one layer."""

    manifest: bytes
    config: bytes
    layer: bytes


def made_up() -> Image:
    """An image of one file with random content."""
    content, archive = secrets.token_bytes(64), io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("smoke")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    layer = archive.getvalue()
    root = {"type": "layers", "diff_ids": [digest(layer)]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": root}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": _LAYER, "digest": digest(layer), "size": len(layer)}],
    }
    return Image(json.dumps(manifest).encode(), config, layer)


def digest(content: bytes) -> str:
    """Name of a blob."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Repository:
    """A repository of the registry, as a robot sees it."""

    browser: Browser
    host: str
    name: str
    robot: Robot
    token: str = ""

    def upload(self, blob: bytes) -> None:
        """Push a blob in one piece."""
        began = self.call("POST", "blobs/uploads/", HTTPStatus.ACCEPTED)
        target = urllib.parse.urljoin(began.url, began.headers.get("Location", ""))
        joint = "&" if urllib.parse.urlsplit(target).query else "?"
        headers = {"Content-Type": "application/octet-stream"}
        where = f"{target}{joint}{urllib.parse.urlencode({'digest': digest(blob)})}"
        self._expect(self._send("PUT", where, blob, headers), HTTPStatus.CREATED)

    def push(self, tag: str, manifest: bytes) -> None:
        """Push a manifest under a tag."""
        url = f"https://{self.host}/v2/{self.name}/manifests/{tag}"
        self._expect(self._send("PUT", url, manifest, {"Content-Type": _MANIFEST}), HTTPStatus.CREATED)

    def remove(self, manifest: bytes) -> str:
        """Delete what was pushed; a robot that may not is no failure, it leaves the image behind."""
        answer = self._send("DELETE", f"https://{self.host}/v2/{self.name}/manifests/{digest(manifest)}")
        if answer.status == HTTPStatus.ACCEPTED:
            return "deleted again"
        return f"left there, as the robot may not delete ({answer.status})"

    def call(self, method: str, path: str, status: HTTPStatus, headers: dict[str, str] | None = None) -> Page:
        """A request without a body that must be answered so."""
        return self._expect(self._send(method, f"https://{self.host}/v2/{self.name}/{path}", None, headers), status)

    def _expect(self, answer: Page, status: HTTPStatus) -> Page:
        if answer.status != status:
            said = answer.text[:200].strip()
            raise Failed(f"{answer.url} answers {answer.status} and not {status.value} to {self.robot.name}: {said}")
        return answer

    def _send(self, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Page:
        if not self.token:
            self.token = self._login()
        return self.browser.send(method, url, body, {**(headers or {}), "Authorization": f"Bearer {self.token}"})

    def _login(self) -> str:
        """A token for this repository, from where the registry says that tokens are made."""
        unknown = self._expect(self.browser.get(f"https://{self.host}/v2/"), HTTPStatus.UNAUTHORIZED)
        challenge = dict(re.findall(r'(\w+)="([^"]*)"', unknown.headers.get("WWW-Authenticate", "")))
        if "realm" not in challenge:
            raise Failed(f"{unknown.url} does not say where tokens are made")
        wanted = {"service": challenge.get("service", ""), "scope": f"repository:{self.name}:pull,push,delete"}
        basic = base64.b64encode(f"{self.robot.name}:{self.robot.secret}".encode()).decode()
        url = f"{challenge['realm']}?{urllib.parse.urlencode(wanted)}"
        answer: dict[str, Any] = self._expect(
            self.browser.get(url, {"Authorization": f"Basic {basic}"}), HTTPStatus.OK
        ).json()
        return str(answer.get("token") or answer["access_token"])
