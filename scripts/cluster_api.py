"""The API server as the ServiceAccount of a pod reads it, for scripts that look at objects of the cluster."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""What to accept for an object without its content (Kubernetes, API concepts)."""
REQUEST_SECONDS = 10


class ClusterApi:
    """The API server that `environment` of a pod names, asked with the token of its ServiceAccount."""

    def __init__(self, environment: Mapping[str, str], account: Path | None = None) -> None:
        # By address, not by name: DNS may not run yet.
        self._server = f"https://{environment['KUBERNETES_SERVICE_HOST']}:{environment['KUBERNETES_SERVICE_PORT']}"
        self._account = account or ACCOUNT
        self._context = ssl.create_default_context(cafile=str(self._account / "ca.crt"))
        # On since Python 3.13; Kubernetes does not ask its own CA for every field of RFC 5280, so neither does this.
        self._context.verify_flags &= ~ssl.VERIFY_X509_STRICT

    def get(self, path: str, accept: str = "application/json") -> dict[str, Any] | None:
        """The object, or None where there is none. Raises OSError for every other answer."""
        return self._asked(path, HTTPStatus.NOT_FOUND, accept)

    def create(self, path: str, made: Mapping[str, Any]) -> bool:
        """Whether the object was made; not where there is one of its name. Raises OSError for every other answer."""
        return self._asked(path, HTTPStatus.CONFLICT, body=json.dumps(made).encode()) is not None

    def patch(self, path: str, change: Mapping[str, Any]) -> None:
        """Merges a change into an object. Raises OSError where that is refused."""
        self._asked(path, None, body=json.dumps(change).encode(), patched=True)

    def _asked(
        self,
        path: str,
        without: HTTPStatus | None,
        accept: str = "application/json",
        body: bytes | None = None,
        *,
        patched: bool = False,
    ) -> dict[str, Any] | None:
        """The object of the answer; None for the answer `without`."""
        token = (self._account / "token").read_text(encoding="utf-8")
        headers = {"Authorization": f"Bearer {token}", "Accept": accept}
        kind = "application/merge-patch+json" if patched else "application/json"
        headers |= {"Content-Type": kind} if body is not None else {}
        method = "PATCH" if patched else None
        request = urllib.request.Request(f"{self._server}{path}", data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS, context=self._context) as response:
                found: dict[str, Any] = json.load(response)
                return found
        except urllib.error.HTTPError as error:
            if error.code == without:
                return None
            raise
