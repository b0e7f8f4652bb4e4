"""How a snapshot of Vault comes back: into a new server, or over what one holds.

bank-vaults (internal/vault/operator_client.go) reads the Secret `vault-keys` at every try, unseals whatever is sealed
with what it finds there, and initialises nothing: the sidecar runs without `--init`, and the Job ends where Vault is
initialised or the Secret has keys. So the keys of the snapshot go into the Secret before Vault gets the snapshot, while
nothing is sealed; after it, no other key opens anything.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from components.vault.values import ROOT_KEY, UNSEAL_KEY
from tools.backups.store import BackupError
from tools.backups.vault_server import NEW, STANDBY, VaultServer

_SECONDS = 120.0
_MARK = "sys/policies/acl/before-the-restore"
_SNAPSHOT = "sys/storage/raft/snapshot-force"
_BY_HAND = "docs/runbooks/vault-recovery.md#by-hand"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a backup of Vault holds.

    Attributes:
        keys: Of the Secret `vault-keys`, as they were when the snapshot was taken.
    """

    snapshot: bytes
    keys: Mapping[str, str]

    @property
    def unseal_key(self) -> str:
        """Raises BackupError where the key had been taken out of the cluster."""
        if UNSEAL_KEY not in self.keys:
            raise BackupError(
                f"the backup holds no {UNSEAL_KEY}: it was not in the cluster; restore by hand, with yours ({_BY_HAND})"
            )
        return self.keys[UNSEAL_KEY]


@dataclass(frozen=True, kw_only=True)
class Present:
    """What is there now.

    Attributes:
        keys: Of the Secret `vault-keys`.
        put: Replaces them.
        root_token: That of the stack's configuration, where it was taken out of the cluster.
    """

    keys: Mapping[str, str]
    put: Callable[[Mapping[str, str]], None]
    root_token: str = ""


def restore(server: VaultServer, kept: Kept, present: Present, seconds: float = _SECONDS) -> None:
    """Replace everything that Vault holds, and unseal it; raises BackupError."""
    key, token = kept.unseal_key, _token(server, kept, present)
    mark = f"{_MARK}-{secrets.token_hex(4)}"
    server.expect("PUT", mark, {"policy": 'path "none" { capabilities = ["deny"] }'}, token)
    present.put(kept.keys)
    server.expect("POST", _SNAPSHOT, kept.snapshot, token)
    # The answer comes before it is applied.
    deadline = time.monotonic() + seconds
    while problem := _problem(server, key, lambda: server.ask("GET", mark, token=token)[0]):
        if time.monotonic() > deadline:
            raise BackupError(f"Vault took the snapshot, but {problem}; see {_BY_HAND}")
        time.sleep(0.5)
    roots = [one for one in (kept.keys.get(ROOT_KEY, ""), present.root_token) if one]
    if roots and not any(server.knows(one) for one in roots):
        raise BackupError(f"Vault holds what the snapshot held, and takes no root token of that time; see {_BY_HAND}")


def _token(server: VaultServer, kept: Kept, present: Present) -> str:
    """One that may restore; Vault is active then."""
    health = server.health()
    if health == NEW:
        # Keys that are used once: the snapshot brings its own.
        made = server.expect("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        if not server.unseal(made["keys"][0]) or not server.becomes_active():
            raise BackupError("Vault was initialised and does not become active; see its log")
        return str(made["root_token"])
    if health == HTTPStatus.SERVICE_UNAVAILABLE:
        stored = (present.keys.get(UNSEAL_KEY, ""), kept.unseal_key)
        if not any(server.unseal(key) for key in dict.fromkeys(stored) if key) or not server.becomes_active():
            raise BackupError(
                "Vault is sealed, and neither the key in the Secret vault-keys nor that of the backup opens it: begin "
                "with an empty one (docs/runbooks/vault-recovery.md#an-empty-vault)"
            )
    tokens = (present.keys.get(ROOT_KEY, ""), present.root_token, kept.keys.get(ROOT_KEY, ""))
    found = next((one for one in tokens if server.knows(one)), None)
    if found is None:
        raise BackupError(
            f"Vault takes no root token at hand, neither {ROOT_KEY} of the Secret vault-keys nor vaultRootToken of the "
            f"stack nor that of the backup: put its own into the Secret; see {_BY_HAND}"
        )
    return found


def _problem(server: VaultServer, key: str, marked: Callable[[], int]) -> str:
    """What is still missing; nothing once Vault holds what the snapshot held: without the mark, which its token may not
    look for any more where the snapshot is of another Vault.
    """
    health = server.health()
    if health == HTTPStatus.SERVICE_UNAVAILABLE:
        server.unseal(key)
        return "the key of the backup does not unseal it"
    if health not in (HTTPStatus.OK, STANDBY):  # a standby asks the one that leads since then
        return f"it does not become active (HTTP {health})"
    return "" if marked() in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN) else "it holds what it held before"
