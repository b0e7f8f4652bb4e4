"""The API of Proxmox VE, asked as its provider asks it: by token, under /api2/json, trusting what Go programs trust."""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from settings.proxmox import ProxmoxSettings
from tools.doctor.reach import reason

_SECONDS = 30
"""As long as Proxmox itself waits for another host of its cluster (src/PVE/APIServer/AnyEvent.pm, pve-http-server)."""


class ProxmoxError(Exception):
    """No answer, or a refusal. `status` is that of HTTP, 0 where nobody answered; `certificate`: it is not trusted."""

    def __init__(self, message: str, status: int = 0, *, certificate: bool = False) -> None:
        super().__init__(message)
        self.status, self.certificate = status, certificate


@dataclass(frozen=True, kw_only=True)
class ProxmoxApi:
    """One endpoint for one token, `user@realm!name=uuid`."""

    endpoint: str
    token: str
    opener: urllib.request.OpenerDirector

    def get(self, path: str, /, **query: str | int) -> Any:
        """`data` of the answer; raises ProxmoxError."""
        return self._asked(path, query)[0]

    def clock(self) -> datetime | None:
        """The time that the answering host has."""
        date = self._asked("version", {})[1]
        return parsedate_to_datetime(date) if date else None

    def privileges(self, path: str) -> set[str]:
        """What the token may do on a path; raises ProxmoxError."""
        return set((self.get("access/permissions", path=path) or {}).get(path, ()))

    def _asked(self, path: str, query: Mapping[str, str | int]) -> tuple[Any, str | None]:
        asked = f"?{urlencode(query)}" if query else ""
        # https alone, which stack_file.checks.urls sees to.
        request = urllib.request.Request(f"{self.endpoint.rstrip('/')}/api2/json/{path}{asked}")  # noqa: S310
        # Not for a host that a redirection names.
        request.add_unredirected_header("Authorization", f"PVEAPIToken={self.token}")
        try:
            with self.opener.open(request, timeout=_SECONDS) as response:
                return json.load(response).get("data"), response.headers.get("Date")
        except urllib.error.HTTPError as error:
            # Proxmox puts its message into the status line, and what is wrong with a parameter into the body.
            raise ProxmoxError(_message(error), error.code) from None
        except (OSError, http.client.HTTPException) as error:
            untrusted = isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError)
            said = reason(error) if isinstance(error, OSError) else type(error).__name__
            raise ProxmoxError(said, certificate=untrusted) from None
        except (AttributeError, ValueError):
            raise ProxmoxError("what answers there is not the API of Proxmox") from None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        wrong = json.load(error).get("errors") or {}
    except (AttributeError, ValueError):
        wrong = {}
    return "; ".join(str(one).strip() for one in wrong.values()) or str(error.reason).strip() or f"HTTP {error.code}"


def api(proxmox: ProxmoxSettings, token: str) -> ProxmoxApi:
    """The API of the stack file. Certificates are judged as its provider judges them."""
    tls = ssl.create_default_context()
    # On since Python 3.13; Go does not ask a CA for every field of RFC 5280, so neither does this.
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if proxmox.insecure:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    return ProxmoxApi(
        endpoint=str(proxmox.endpoint),
        token=token,
        opener=urllib.request.build_opener(urllib.request.HTTPSHandler(context=tls)),
    )
