"""The Kubernetes API that a stack's state speaks of: whether it answers, and what of it outlives an operation.

Asked with the kubeconfig of the state, which is what the Kubernetes provider uses when the program does not run.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import yaml

from lib.secret_state import plain, resources
from tools.api_access import named, tls_context
from tools.helm_release import HelmRelease, as_failed, release_of
from tools.state import State

PROVIDER = "pulumi:providers:kubernetes"
ATTEMPTS = 3
PAUSE_SECONDS = 3.0
"""Between two attempts: a virtual address moves to another control plane within seconds."""

_REQUEST_SECONDS = 10
_SERVER_ERROR = 500


class ClusterError(Exception):
    """The API cannot be asked, or refused. The message says why."""


class AbsentError(ClusterError):
    """There is no such object."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A volume of a CSI driver. `handle` is the driver's name for it: `<region>/<zone>/<storage>/<disk>` on Proxmox."""

    name: str
    claim: str
    size: str
    policy: str
    handle: str


class Cluster(Protocol):
    """What is asked of a cluster before an operation."""

    def silence(self) -> str | None:
        """Why the API does not answer; None when it does."""

    def newest(self, namespace: str, name: str) -> HelmRelease | None:
        """What Helm recorded last of a release; raises ClusterError."""

    def mark_failed(self, release: HelmRelease) -> None:
        """Let Helm know that nobody is at this release any more; raises ClusterError."""

    def volumes(self) -> list[Volume]:
        """Volumes that lie outside the cluster; raises ClusterError."""

    def get(self, path: str) -> dict[str, Any]:
        """The object or list at a path; raises ClusterError."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """The API server of a kubeconfig."""

    server: str
    opener: urllib.request.OpenerDirector
    headers: Mapping[str, str]

    def silence(self) -> str | None:
        """Why nobody answers there, after several attempts. Any answer counts but that of a server in trouble."""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE_SECONDS)
            reason = self._silence()
            if reason is None:
                return None
        return f"{self.server} does not answer: {reason}"

    def _silence(self) -> str | None:
        try:
            self._answer("/readyz")
        except urllib.error.HTTPError as error:
            return f"HTTP {error.code}" if error.code >= _SERVER_ERROR else None
        except OSError as error:
            return str(getattr(error, "reason", error))
        return None

    def newest(self, namespace: str, name: str) -> HelmRelease | None:
        """See Cluster."""
        secret = self._newest(namespace, name)
        return release_of(secret) if secret else None

    def mark_failed(self, release: HelmRelease) -> None:
        """See Cluster."""
        secret = self._newest(release.namespace, release.name)
        if secret is not None:
            path = f"/api/v1/namespaces/{release.namespace}/secrets/{secret['metadata']['name']}"
            self._ask(path, as_failed(secret))

    def volumes(self) -> list[Volume]:
        """See Cluster."""
        return [_volume(item) for item in self._ask("/api/v1/persistentvolumes")["items"] if item["spec"].get("csi")]

    def get(self, path: str) -> dict[str, Any]:
        """The object at a path; raises ClusterError."""
        return self._ask(path)

    def create(self, path: str, made: Mapping[str, Any]) -> None:
        """Make an object below a path; raises ClusterError."""
        self._ask(path, made, method="POST")

    def change(self, path: str, by: Mapping[str, Any]) -> None:
        """Merge into the object at a path; raises ClusterError."""
        self._ask(path, by)

    def look(self, path: str) -> dict[str, Any] | None:
        """The object at a path, None where there is none; raises ClusterError."""
        try:
            return self._ask(path)
        except AbsentError:
            return None

    def merge(self, path: str, patch: Mapping[str, Any]) -> None:
        """Change an object at a path (RFC 7386); raises ClusterError."""
        self._ask(path, patch)

    def _newest(self, namespace: str, name: str) -> dict[str, Any] | None:
        query = urlencode({"labelSelector": f"owner=helm,name={name}"})
        found = self._ask(f"/api/v1/namespaces/{namespace}/secrets?{query}")["items"]
        return max(found, key=lambda item: int(item["metadata"]["labels"]["version"]), default=None)

    def _ask(self, path: str, sent: Mapping[str, Any] | None = None, method: str = "PATCH") -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._answer(path, sent, method))
        except urllib.error.HTTPError as error:
            kind = AbsentError if error.code == HTTPStatus.NOT_FOUND else ClusterError
            raise kind(f"{self.server} answers {error.code} for {path.partition('?')[0]}") from None
        except OSError as error:
            raise ClusterError(f"{self.server} does not answer: {getattr(error, 'reason', error)}") from None
        return found

    def _answer(self, path: str, sent: Mapping[str, Any] | None = None, method: str = "PATCH") -> bytes:
        # Where it leads is said by the kubeconfig, which the Kubernetes provider follows as well.
        request = urllib.request.Request(f"{self.server}{path}", headers=dict(self.headers))  # noqa: S310
        if sent is not None:
            request.method, request.data = method, json.dumps(sent).encode()
            kind = "merge-patch+json" if method == "PATCH" else "json"
            request.add_header("Content-Type", f"application/{kind}")
        with self.opener.open(request, timeout=_REQUEST_SECONDS) as response:
            found: bytes = response.read()
            return found


def _volume(item: Mapping[str, Any]) -> Volume:
    spec = item["spec"]
    claim = spec.get("claimRef") or {}
    return Volume(
        name=item["metadata"]["name"],
        claim=f"{claim.get('namespace')}/{claim.get('name')}" if claim else "none",
        size=spec["capacity"]["storage"],
        policy=spec["persistentVolumeReclaimPolicy"],
        handle=spec["csi"]["volumeHandle"],
    )


def lives_in_cluster(state: State) -> bool:
    """Whether the state speaks of anything in a Kubernetes cluster, begun things included."""
    begun = (one["resource"] for one in (state.get("deployment") or {}).get("pending_operations") or ())
    return any(one.get("custom") and one["type"].startswith("kubernetes:") for one in (*resources(state), *begun))


def api_of(decrypted: State) -> Api | None:
    """The API that the Kubernetes provider of the state is configured for; None where its kubeconfig is not known.

    Raises:
        ClusterError: when the kubeconfig cannot be used.
    """
    for one in resources(decrypted):
        inputs = one.get("inputs") or {}
        text = _plain(inputs.get("kubeconfig")) if one["type"] == PROVIDER else None
        if text:
            return api(text, _plain(inputs.get("context")))
    return None


def _plain(value: Any) -> str | None:
    """The text of a value of a decrypted state."""
    found = plain(value)
    return found if isinstance(found, str) else None


def api(kubeconfig: str, context: str | None = None) -> Api:
    """The server of a kubeconfig's context, by default the current one; raises ClusterError."""
    try:
        document = yaml.safe_load(kubeconfig)
        chosen = named(document, "context", context or document["current-context"])
        cluster, user = named(document, "cluster", chosen["cluster"]), named(document, "user", chosen["user"])
        tls = tls_context(cluster, user)
        token = user.get("token") or (
            Path(user["tokenFile"]).read_text(encoding="utf-8") if "tokenFile" in user else ""
        )
        proxies = [urllib.request.ProxyHandler({"https": cluster["proxy-url"]})] if "proxy-url" in cluster else []
        return Api(
            server=cluster["server"].rstrip("/"),
            opener=urllib.request.build_opener(urllib.request.HTTPSHandler(context=tls), *proxies),
            headers={"Authorization": f"Bearer {token.strip()}"} if token else {},
        )
    except (AttributeError, KeyError, OSError, StopIteration, TypeError, ValueError, yaml.YAMLError) as error:
        raise ClusterError(f"the kubeconfig of the state cannot be used ({type(error).__name__})") from None
