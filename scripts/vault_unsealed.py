"""Gate of Vault: its keys are in their Secret, every server is initialised and unsealed, and one of them is active.

The success of the init Job proves neither: `bank-vaults init` exits 0 on any initialised Vault, also on one whose
keys were lost when an earlier run was interrupted.

Environment: VAULT_ADDRS (each server's, with commas between), SSL_CERT_FILE, KEYS_DIRECTORY (the mounted Secret), KEYS
(those it must hold, with commas between), STEADY_SECONDS (float, how long this must last), SECONDS.
"""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from scripts import gate

_STANDBY = "a standby"
_STATES = {
    429: _STANDBY,
    472: "a disaster recovery secondary",
    474: "a standby that does not reach the active server",
    501: "not initialised",
    503: "sealed",
}


def health(address: str) -> str:
    """Empty when Vault is unsealed and active, otherwise what it is instead."""
    try:
        urllib.request.urlopen(f"{address}/v1/sys/health", timeout=5).close()
    except urllib.error.HTTPError as error:
        return _STATES.get(error.code, f"answering {error.code}")
    except OSError as error:
        return f"not answering ({error})"
    return ""


def problem(addresses: list[str], directory: Path, keys: list[str]) -> str:
    """Empty when the gate is open, otherwise what is wrong and what to do."""
    missing = [key for key in keys if not (directory / key).exists()]
    states = {address: health(address) for address in addresses}
    if missing and any(state in ("", _STANDBY, "sealed") for state in states.values()):
        return (
            f"Vault is initialised, but the Secret has no {' and no '.join(missing)}. If this "
            "lasts, the keys are lost here. They are in each backup and in the copy: put them back; nothing is lost "
            "(docs/runbooks/vault-keys.md#a-key-is-missing). Only where there is neither, on a new cluster whose first "
            "initialisation was interrupted: delete the volume claims of Vault and its pods, then run `up` again "
            "(docs/bootstrap-vault.md)."
        )
    if missing:
        return f"the Secret has no {' and no '.join(missing)} yet; {_told(states)}"
    waiting = {address: state for address, state in states.items() if state not in ("", _STANDBY)}
    if waiting:
        return _told(waiting)
    return "" if "" in states.values() else "every server is a standby: they have no leader yet"


def _told(states: dict[str, str]) -> str:
    return "; ".join(f"{address} is {state}" for address, state in states.items())


def main() -> int:
    addresses, directory = os.environ["VAULT_ADDRS"].split(","), Path(os.environ["KEYS_DIRECTORY"])
    keys = os.environ["KEYS"].split(",")
    return gate.wait(
        lambda: problem(addresses, directory, keys),
        "Vault is unsealed and its keys are where they belong",
        steady=float(os.environ["STEADY_SECONDS"]),
    )


if __name__ == "__main__":
    sys.exit(main())
