"""A server of Vault as a restore asks it: sealed and uninitialised ones too, to which no Service leads."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from components.vault.server_config import API_PORT
from lib.names import SystemNamespace
from tools.backups.store import BackupError
from tools.cluster import Api

NEW: Final = HTTPStatus.NOT_IMPLEMENTED
"""What /v1/sys/health answers of a server that was never initialised."""
STANDBY: Final = HTTPStatus.TOO_MANY_REQUESTS
"""What it answers of one that follows another."""
_REQUEST_SECONDS = 600
"""Of a request: a snapshot goes in one, and is whole on the disk of the server when it is answered."""


@dataclass(frozen=True, kw_only=True)
class VaultServer:
    """The API of one server.

    Attributes:
        root: URL that a path follows, with `/v1`.
        headers: Sent with every request.
    """

    root: str
    opener: urllib.request.OpenerDirector
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | bytes | None = None, token: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer, errors too; raises BackupError where there is none."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**self.headers, **({"X-Vault-Token": token} if token else {})}
        # Where it leads is said by the kubeconfig.
        request = urllib.request.Request(f"{self.root}/{path}", method=method, headers=headers, data=data)  # noqa: S310
        try:
            with self.opener.open(request, timeout=_REQUEST_SECONDS) as response:
                return response.status, _document(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _document(error.read())
        except OSError as error:
            raise BackupError(f"Vault does not answer at {self.root}: {getattr(error, 'reason', error)}") from None

    def expect(
        self, method: str, path: str, body: Mapping[str, Any] | bytes | None = None, token: str = ""
    ) -> dict[str, Any]:
        """The answer, where it is a success; raises BackupError with what Vault says."""
        status, answer = self.ask(method, path, body, token)
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise BackupError(f"Vault refuses {path} ({status}): {'; '.join(answer.get('errors') or ['no reason'])}")
        return answer

    def health(self) -> int:
        """200: it is active; 501: never initialised; 503: sealed; others: a standby."""
        return self.ask("GET", "sys/health")[0]

    def unseal(self, key: str) -> bool:
        """Whether the key opens it; that of a server which is open already is not judged."""
        status, answer = self.ask("PUT", "sys/unseal", {"key": key})
        return status == HTTPStatus.OK and not answer.get("sealed", True)

    def knows(self, token: str) -> bool:
        """Whether it takes the token."""
        return bool(token) and self.ask("GET", "auth/token/lookup-self", token=token)[0] == HTTPStatus.OK

    def becomes_active(self, seconds: float = 60.0) -> bool:
        """Whether it leads in time: one that was unsealed first has to be elected."""
        deadline = time.monotonic() + seconds
        while self.health() != HTTPStatus.OK:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True


def in_cluster(api: Api, pod: str) -> VaultServer:
    """That of a pod, through the API server, which asks pods that are not ready as well."""
    path = f"/api/v1/namespaces/{SystemNamespace.VAULT}/pods/https:{pod}:{API_PORT}/proxy/v1"
    return VaultServer(root=f"{api.server}{path}", opener=api.opener, headers=api.headers)


def _document(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {"errors": [content.decode(errors="replace").strip()]} if content.strip() else {}
    return found if isinstance(found, dict) else {}
