"""The platform's CA certificate as a file, for providers that trust a CA only from one."""

import os
import tempfile
from pathlib import Path

import pulumi

CHECKOUT = Path(__file__).parents[1]
TRUST = Path("build") / "trust"
"""Folder of the certificates, relative to the checkout; the Makefile adds it to what TLS clients trust."""


def written(pem: pulumi.Output[str], stack: str) -> pulumi.Output[str]:
    """Path of `<stack>.pem` relative to the checkout, once the certificate is in it.

    The path is relative so that it is the same on every machine; provider plugins run in the checkout. The file is
    public and can be deleted: the next operation writes it again.
    """
    return pem.apply(lambda certificate: str(write(certificate, TRUST / f"{stack}.pem")))


def write(certificate: str, path: Path, checkout: Path | None = None) -> Path:
    """Writes `certificate` to `path`, below the checkout, unless it is there already; returns `path`.

    In one step, since a provider that is just starting may read it.
    """
    target = (checkout or CHECKOUT) / path
    if target.is_file() and target.read_text(encoding="utf-8") == certificate:
        return path
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".pem")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(certificate)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(target)
    return path
