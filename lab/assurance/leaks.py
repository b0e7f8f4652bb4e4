"""Looks for generated values in text, in the forms in which they could have slipped in."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.checkout import ROOT, Stack, command_line, passphrase
from lib.secret_state import plain, resources
from tools.state import Engine

_SECRET_OUTPUTS = {
    "random:index/randomPassword:RandomPassword": ("result", "bcryptHash"),
    "random:index/randomBytes:RandomBytes": ("base64", "hex"),
    "tls:index/privateKey:PrivateKey": ("privateKeyPem", "privateKeyPemPkcs8"),
}
_LINES_OF_A_KEY, _LINES_OF_A_CURVE_KEY = 2, 4


@dataclass(frozen=True)
class Found:
    """A value that is readable where it must not be, named by where it comes from."""

    place: str
    origin: str

    def __str__(self) -> str:
        return f"{self.place} shows {self.origin}"


def scan(place: str, text: str, values: Mapping[str, str]) -> list[Found]:
    """Every origin of which a value is in the text.

    Args:
        values: Origin by value.
    """
    origins = [origin for value, origin in values.items() if any(form in text for form in _forms(value))]
    return [Found(place, origin) for origin in dict.fromkeys(origins)]


def generated_values(stack: Stack) -> dict[str, str]:
    """Every value that was generated, with its origin: from the state, decrypted."""
    environment = os.environ | {
        "PULUMI_BACKEND_URL": f"file://{stack.backend}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": passphrase(stack),
        "PULUMI_HOME": str(stack.workdir / "home"),
    }
    engine = Engine(Path(command_line(ROOT)), stack.name, stack.project, environment=environment)
    return {
        str(plain(one["outputs"][field])): str(one["urn"]).rsplit("::", 1)[-1]
        for one in resources(engine.state(decrypted=True) or {})
        for field in _SECRET_OUTPUTS.get(one["type"], ())
        if field in (one.get("outputs") or {})
    }


def telltale(value: str) -> str:
    """What gives a value away. Of a key in PEM one line: where its private part is, since the rest is in public keys.

    A key on a curve is a few lines that begin with it (RFC 5915, RFC 5958); of an RSA key the middle is private.
    """
    lines = [line for line in value.splitlines() if line and not line.startswith("-----")]
    if len(lines) < _LINES_OF_A_KEY:
        return value
    return lines[0] if len(lines) <= _LINES_OF_A_CURVE_KEY else lines[len(lines) // 2]


def _forms(value: str) -> Iterator[str]:
    """The value, as JSON writes it, and in base64 as Kubernetes shows a Secret."""
    shown = telltale(value)
    yield shown
    yield json.dumps(shown)[1:-1]
    for text in (shown, value):
        # The last characters depend on what follows.
        yield base64.b64encode(text.encode()).decode().rstrip("=")[:-2]
