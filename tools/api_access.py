"""What a kubeconfig says of a cluster and of who asks it."""

import base64
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def named(document: Any, kind: str, name: str) -> dict[str, Any]:
    """The entry of a list of a kubeconfig; raises StopIteration."""
    found: dict[str, Any] = next(one[kind] for one in document[f"{kind}s"] if one["name"] == name)
    return found


def tls_context(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    """Trusts the cluster's CA alone, where it has one, and presents the client certificate of the user."""
    authority = _pem(cluster, "certificate-authority")
    tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
    # On since Python 3.13; Kubernetes does not ask its own CA for every field of RFC 5280, so neither does this.
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # Another name than the server's is expected: the CA still has to be the cluster's own.
    tls.check_hostname = "tls-server-name" not in cluster
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    certificate, key = _pem(user, "client-certificate"), _pem(user, "client-key")
    if certificate and key:
        # The ssl module reads a key only from a file.
        with tempfile.TemporaryDirectory() as directory:
            pair = Path(directory) / "client.pem"
            pair.touch(mode=0o600)
            pair.write_bytes(certificate + b"\n" + key)
            tls.load_cert_chain(pair)
    return tls


def _pem(entry: Mapping[str, Any], name: str) -> bytes:
    if f"{name}-data" in entry:
        return base64.b64decode(entry[f"{name}-data"])
    return Path(entry[name]).read_bytes() if name in entry else b""
