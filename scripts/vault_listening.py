"""Wait until Vault answers at all, sealed or not: `bank-vaults init` gives up within seconds.

Environment: VAULT_ADDR, SSL_CERT_FILE, SECONDS. Exit code 0 once /v1/sys/health answers with any status.
"""

import os
import sys
import urllib.error
import urllib.request

from scripts import gate


def listening(address: str) -> str:
    """Empty once Vault answers, otherwise what went wrong."""
    try:
        urllib.request.urlopen(f"{address}/v1/sys/health", timeout=5).close()
    except urllib.error.HTTPError:
        return ""  # 501 not initialised, 503 sealed: it answers
    except OSError as error:
        return f"{address} does not answer yet: {error}"
    return ""


def main() -> int:
    address = os.environ["VAULT_ADDR"]
    return gate.wait(lambda: listening(address), f"{address} answers")


if __name__ == "__main__":
    sys.exit(main())
