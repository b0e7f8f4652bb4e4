"""Gate of Vault: its keys are in their Secret and Vault is initialised, unsealed and active.

The success of the init Job proves neither: `bank-vaults init` exits 0 on any initialised Vault, also on one whose
keys were lost when an earlier run was interrupted.

Environment: VAULT_ADDR, SSL_CERT_FILE, KEYS_DIRECTORY (the mounted Secret), KEYS (those it must hold, with commas
between), SECONDS.
"""

import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

_STATES = {429: "a standby", 472: "a disaster recovery secondary", 501: "not initialised", 503: "sealed"}


def health(address: str) -> str:
    """Empty when Vault is unsealed and active, otherwise what it is instead."""
    try:
        urllib.request.urlopen(f"{address}/v1/sys/health", timeout=5).close()  # noqa: S310 - https by configuration
    except urllib.error.HTTPError as error:
        return _STATES.get(error.code, f"answering {error.code}")
    except OSError as error:
        return f"not answering ({error})"
    return ""


def problem(address: str, directory: Path, keys: list[str]) -> str:
    """Empty when the gate is open, otherwise what is wrong and what to do."""
    missing = [key for key in keys if not (directory / key).exists()]
    state = health(address)
    if missing and state in ("", "sealed"):
        return (
            f"Vault is initialised, but the Secret has no {' and no '.join(missing)}. If this lasts, an earlier "
            "initialisation was interrupted and the keys are lost. On a new cluster nothing is lost yet: delete the "
            "volume claim data-vault-0 and the pod vault-0, then run `up` again. Otherwise restore the Secret from "
            "the escrow file."
        )
    if missing:
        return f"the Secret has no {' and no '.join(missing)} yet; Vault is {state}"
    return f"Vault is {state}" if state else ""


def main() -> int:
    address, directory = os.environ["VAULT_ADDR"], Path(os.environ["KEYS_DIRECTORY"])
    keys = os.environ["KEYS"].split(",")
    deadline = time.monotonic() + float(os.environ["SECONDS"])
    while found := problem(address, directory, keys):
        print(found, flush=True)
        if time.monotonic() > deadline:
            return 1
        time.sleep(3)
    print("Vault is unsealed and its keys are where they belong")
    return 0


if __name__ == "__main__":
    sys.exit(main())
