"""Part `vault`: what the CronJob `vault-backup` leaves (components/backup/vault.py), and how it comes back."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from components.backup.target import Part as Folder
from components.backup.vault import KEYS, SNAPSHOT
from components.vault.server import SERVER_LABELS
from components.vault.server_config import RELEASE
from components.vault.values import KEYS_SECRET
from lib.names import SystemNamespace
from settings.cron import previous
from tools import secret_values
from tools.backups import archive
from tools.backups.part import Site, Step, Wanted
from tools.backups.store import BackupError, Copy, Store
from tools.backups.vault_restore import Kept, Present, restore
from tools.backups.vault_server import VaultServer, in_cluster
from tools.cluster import Api, ClusterError

NAME: Final = Folder.VAULT.value
_ENDING: Final = ".tar.age"
_GRACE: Final = timedelta(hours=1)
"""From the time in the schedule to the backup: twice as long as the Job may take, for a second try."""
_NAMESPACE: Final = f"/api/v1/namespaces/{SystemNamespace.VAULT}"
_SECRET: Final = f"{_NAMESPACE}/secrets/{KEYS_SECRET}"
_ROOT_TOKEN: Final = "vaultRootToken"


def last(site: Site, at: datetime | None = None) -> Copy | None:
    """See Part."""
    return newest(site.store, at)


def newest(store: Store, at: datetime | None = None) -> Copy | None:
    """The newest backup, or the newest that is not younger."""
    found = (one for one in store.copies(NAME) if one.name.endswith(_ENDING) and (at is None or one.when <= at))
    return next(found, None)


def due(site: Site, now: datetime) -> datetime | None:
    """See Part: from the last time of the schedule that is over for a while, unless that was before the update."""
    if site.settings.backup is None or site.updated is None:
        return None
    wanted = previous(site.settings.backup.schedules.vault, now - _GRACE)
    return wanted if wanted > site.updated else None


def plan(site: Site, wanted: Wanted) -> list[Step]:
    """See Part: Vault is asked when its step comes, since the cluster may not be there yet."""
    kept, label = found(site.store, wanted)
    stack = site.engine.stack

    def run() -> None:
        api = site.connect()
        if not isinstance(api, Api):
            raise BackupError(f"the cluster does not answer: make up STACK={stack} PHASE=phase1-infrastructure")
        try:
            restore(_server(api), kept, _present(api, secret_values.opened(site.engine).get(_ROOT_TOKEN, "")))
        except ClusterError as error:
            raise BackupError(str(error)) from None

    held = f"{label}: {len(kept.snapshot) // 1024} KiB, with {', '.join(sorted(kept.keys)) or 'no keys'}"
    return [
        Step(does=f"all that Vault holds becomes what it held in {held}", minutes=3, run=run),
        Step(
            does="what Pulumi wrote to Vault since then is written again",
            minutes=10,
            command=f"make refresh STACK={stack} && make up STACK={stack}",
        ),
    ]


def found(store: Store, wanted: Wanted) -> tuple[Kept, str]:
    """The backup that is wanted, opened, and its name; raises BackupError."""
    if wanted.file is not None:
        return opened(_read(wanted.file), wanted.key, str(wanted.file)), str(wanted.file)
    copy = newest(store, wanted.at)
    if copy is None:
        raise BackupError(f"{store.address}/{NAME} holds no backup{f' from before {wanted.at}' if wanted.at else ''}")
    label = f"{store.address}/{copy.name}"
    return opened(store.get(copy.name), wanted.key, label), label


def opened(content: bytes, key: Path | None, name: str) -> Kept:
    """The archive of that name, whole; raises BackupError."""
    files = archive.unsealed(content, archive.keys(key), name)
    if SNAPSHOT not in files:
        raise BackupError(f"{name} holds no {SNAPSHOT}: it is no backup of Vault")
    keys = {one.removeprefix(f"{KEYS}/"): text.decode() for one, text in files.items() if one.startswith(f"{KEYS}/")}
    return Kept(snapshot=files[SNAPSHOT], keys=keys)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BackupError(f"{file} cannot be read ({error.strerror})") from None


def _server(api: Api) -> VaultServer:
    """The active server, or the first where none is."""
    selector = "%2C".join(f"{label}%3D{value}" for label, value in SERVER_LABELS.items())
    pods: list[Any] = api.get(f"{_NAMESPACE}/pods?labelSelector={selector}").get("items") or []
    names = {one["metadata"]["name"]: one["metadata"].get("labels") or {} for one in pods}
    first = f"{RELEASE}-0"
    if first not in names:
        raise BackupError("Vault has no pod: kubectl -n vault get statefulset,pvc,pods")
    return in_cluster(
        api, next((name for name, labels in names.items() if labels.get("vault-active") == "true"), first)
    )


def _present(api: Api, root_token: str) -> Present:
    data = api.get(_SECRET).get("data") or {}
    keys = {name: base64.b64decode(value).decode() for name, value in data.items()}

    def put(wanted: Mapping[str, str]) -> None:
        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in wanted.items()}
        api.merge(_SECRET, {"data": {**dict.fromkeys(keys), **encoded}})

    return Present(keys=keys, put=put, root_token=root_token)
