"""Waits until the Kubernetes API answers as ready on its final address.

Runs on the machine that deploys, between the bootstrap of etcd and the first use of the API: the Kubernetes provider
asks for the version of the server once, when it starts, and takes a cluster that does not answer then for unreachable.

Environment: API_SERVER (https URL), and in base64 of PEM CA_CERTIFICATE, CLIENT_CERTIFICATE and CLIENT_KEY, as in a
kubeconfig; SECONDS_TO_WAIT. Exits 0 when /readyz answers 200, 1 with the last reason when the time is over.
"""

import base64
import os
import ssl
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

PAUSE_SECONDS = 5.0
REQUEST_SECONDS = 10
HTTP_OK = 200


def tls_context(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Trusts the cluster's CA alone and presents the client certificate."""
    context = ssl.create_default_context(cadata=_pem(environment, "CA_CERTIFICATE").decode())
    # On since Python 3.13; Kubernetes does not ask its own CA for every field of RFC 5280, so neither does this.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # The ssl module reads a key only from a file.
    with tempfile.TemporaryDirectory() as directory:
        pair = Path(directory) / "client.pem"
        pair.touch(mode=0o600)
        pair.write_bytes(_pem(environment, "CLIENT_CERTIFICATE") + b"\n" + _pem(environment, "CLIENT_KEY"))
        context.load_cert_chain(pair)
    return context


def _pem(environment: Mapping[str, str], name: str) -> bytes:
    return base64.b64decode(environment[name])


def reason_not_ready(url: str, context: ssl.SSLContext) -> str | None:
    """None once the API is ready, else why it is not."""
    request = urllib.request.Request(f"{url}/readyz")
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS, context=context) as response:
            return None if response.status == HTTP_OK else f"answers {response.status}"
    except urllib.error.HTTPError as error:
        return f"answers {error.code}: {error.read(500).decode(errors='replace').strip()}"
    except OSError as error:  # refused, no route yet, timed out, or a certificate that does not fit
        return f"does not answer: {error}"


def wait(url: str, context: ssl.SSLContext, seconds: float, pause: float = PAUSE_SECONDS) -> str | None:
    """Asks until the API is ready or the time is over; the last reason in that case."""
    deadline = time.monotonic() + seconds
    while (reason := reason_not_ready(url, context)) is not None:
        if time.monotonic() + pause > deadline:
            return reason
        time.sleep(pause)
    return None


def main(environment: Mapping[str, str]) -> int:
    """Exit code of the probe."""
    url, seconds = environment["API_SERVER"].rstrip("/"), float(environment["SECONDS_TO_WAIT"])
    if not url.startswith("https://"):
        print(f"API_SERVER {url}: is no https URL", file=sys.stderr)
        return 1
    reason = wait(url, tls_context(environment), seconds)
    if reason is not None:
        print(
            f"The Kubernetes API at {url} is not ready after {seconds:.0f} s: it {reason}. "
            "The virtual address exists once etcd has a leader: look at `talosctl service etcd` and "
            "`talosctl get members` on the control planes, and whether this machine reaches the node network.",
            file=sys.stderr,
        )
        return 1
    print(f"The Kubernetes API at {url} is ready.")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
