"""Let's Encrypt: where its servers are, and the roots that what they sign leads to."""

from collections.abc import Mapping
from pathlib import Path

STAGING, PRODUCTION = "acme-staging", "acme-production"
"""Names of the ClusterIssuers, and values of `certificates.issuer`."""
DIRECTORIES: Mapping[str, str] = {
    STAGING: "https://acme-staging-v02.api.letsencrypt.org/directory",
    PRODUCTION: "https://acme-v02.api.letsencrypt.org/directory",
}


def roots(issuer: str) -> str:
    """PEM of the self-signed roots of an issuer, old and new; nothing of an issuer that is not of Let's Encrypt.

    X1, X2, YE and YR of letsencrypt.org/certificates and letsencrypt.org/docs/staging-environment. Those of production
    are in every system; a client that is told whom to trust asks no system.
    """
    return (Path(__file__).parent / "roots" / f"{issuer}.crt").read_text("ascii") if issuer in DIRECTORIES else ""
