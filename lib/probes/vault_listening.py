"""Wait until Vault answers at all, sealed or not: `bank-vaults init` gives up within seconds.

Environment: VAULT_ADDR, SSL_CERT_FILE, SECONDS. Exit code 0 once /v1/sys/health answers with any status.
"""

import os
import sys
import time
import urllib.error
import urllib.request


def listening(address: str) -> str:
    """Empty once Vault answers, otherwise what went wrong."""
    try:
        urllib.request.urlopen(f"{address}/v1/sys/health", timeout=5).close()
    except urllib.error.HTTPError:
        return ""  # 501 not initialised, 503 sealed: it answers
    except OSError as error:
        return str(error)
    return ""


def main() -> int:
    address, deadline = os.environ["VAULT_ADDR"], time.monotonic() + float(os.environ["SECONDS"])
    while problem := listening(address):
        print(f"{address} does not answer yet: {problem}", flush=True)
        if time.monotonic() > deadline:
            return 1
        time.sleep(2)
    print(f"{address} answers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
