"""Part `etcd`: snapshots of etcd, and how the control plane comes back from one (docs/runbooks/control-plane.md).

Talos takes a snapshot where etcd has no data: it restores it as a cluster of one member, which the other control planes
join (siderolabs/talos v1.13.7, internal/app/machined/pkg/system/services/etcd.go, recoverFromSnapshot). What the state
knows of the bootstrap stays as it is: the provider reads nothing back.
"""

import hashlib
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pyrage

from components.backup.etcd import SNAPSHOT
from components.backup.target import Part as Folder
from lib.secret_state import outputs, plain
from settings.cron import previous
from settings.infrastructure import TalosSettings
from tools.backups import archive
from tools.backups.part import Site, Step, Wanted
from tools.backups.store import BackupError, Copy, Store
from tools.state import StateError

NAME: Final = Folder.ETCD.value
RUNBOOK: Final = "docs/runbooks/control-plane.md"
_GRACE: Final = timedelta(hours=1)
"""Between the time of a schedule and the backup that it brings: a Job may take half an hour, and is tried again."""
_DIGEST: Final = hashlib.sha256().digest_size
_PAGE: Final = 512


def last(site: Site, at: datetime | None = None) -> Copy | None:
    """See Part."""
    copies = (one for one in site.store.copies(NAME) if one.name.endswith(".tar.age"))
    return next((one for one in copies if at is None or one.when <= at), None)


def due(site: Site, now: datetime) -> datetime | None:
    """See Part: from the last time of the schedule, if the cluster was there by then."""
    if site.settings.backup is None or site.settings.talos is None or site.updated is None:
        return None
    wanted = previous(site.settings.backup.schedules.etcd, now - _GRACE)
    return wanted if wanted > site.updated else None


def opened(content: bytes, identities: Sequence[pyrage.x25519.Identity], name: str) -> bytes:
    """The snapshot in an archive, if it is whole; raises BackupError, with what is wrong with it."""
    files = archive.unsealed(content, identities, name)
    if len(files) != 1:
        raise BackupError(f"{name} is no archive with one snapshot: it holds {len(files)} files")
    (found,) = files.values()
    if not is_whole(found):
        raise BackupError(f"{name} holds no whole snapshot: its checksum is of something else")
    return found


def is_whole(snapshot: bytes) -> bool:
    """Whether the checksum that etcd appends is that of all before it (server/etcdserver/api/v3rpc/maintenance.go)."""
    return len(snapshot) % _PAGE == _DIGEST and hashlib.sha256(snapshot[:-_DIGEST]).digest() == snapshot[-_DIGEST:]


def plan(site: Site, wanted: Wanted) -> Sequence[Step]:
    """See Part: etcd of all control planes is replaced; a person does what destroys."""
    talos = site.settings.talos
    if talos is None:
        raise BackupError("etcd of an existing cluster (cluster.existing) is not backed up here, and not restored")
    copy = last(site, wanted.at)
    if copy is None:
        before = f" from before {wanted.at:%Y-%m-%dT%H:%M:%SZ}" if wanted.at else ""
        raise BackupError(f"{site.store.address}/{NAME} holds no backup{before}")
    return list(_steps(site, talos, copy, taken(site.store, copy, wanted.key)))


def taken(store: Store, copy: Copy, key: Path | None) -> bytes:
    """The snapshot of a backup; raises BackupError."""
    return opened(store.get(copy.name), archive.keys(key), f"{store.address}/{copy.name}")


def _steps(site: Site, talos: TalosSettings, copy: Copy, snapshot: bytes) -> Iterator[Step]:
    addresses = [str(node.address) for node in talos.control_plane.nodes]
    stack, every = site.engine.stack.rsplit("/", 1)[-1], ",".join(addresses)
    config = site.engine.root / "build" / "access" / stack / "talosconfig"
    file = site.engine.results / SNAPSHOT
    asking = ["talosctl", "--talosconfig", _shown(site, config), "--nodes"]
    since = f"{copy.when:%Y-%m-%dT%H:%M:%SZ}"

    yield Step(
        does=f"see that etcd is lost: with more than half of {len(addresses)} members it needs no restore ({RUNBOOK})",
        minutes=2,
        command=shlex.join([*asking, every, "service", "etcd"]),
    )
    yield Step(
        does=f"write the snapshot of {since} ({len(snapshot)} bytes) to {_shown(site, file)}, and the talosconfig",
        minutes=1,
        run=lambda: _write(site, file, config, snapshot),
    )
    wipe = ["reset", "--graceful=false", "--reboot", "--system-labels-to-wipe=EPHEMERAL"]
    yield Step(
        does="empty etcd of every control plane: this deletes what they hold of it, and all else below their /var",
        minutes=5,
        command="\n     ".join(shlex.join([*asking, address, *wipe]) for address in addresses),
    )
    yield Step(
        does="see each control plane again, with etcd in the state Preparing",
        minutes=3,
        command=shlex.join([*asking, every, "service", "etcd"]),
    )
    bootstrap = [*asking, addresses[0], "bootstrap", f"--recover-from={_shown(site, file)}"]
    yield Step(
        does=f"etcd as it was at {since}, on the first control plane; the others join it",
        minutes=5,
        command=shlex.join(bootstrap),
        run=_running(site, bootstrap),
    )
    yield Step(
        does="see that every control plane is a member, and no learner",
        minutes=5,
        command=shlex.join([*asking, addresses[0], "etcd", "members"]),
    )
    yield Step(
        does=f"what was made since {since} is not known to Kubernetes, what was deleted since is there again: let the "
        "program see what that is of its own, and put it right",
        minutes=20,
        command=f"make drift STACK={stack}\n     make up STACK={stack}",
    )


def _write(site: Site, file: Path, config: Path, snapshot: bytes) -> None:
    """Both for their owner alone: a snapshot holds every Secret."""
    try:
        found = outputs(site.engine.state(decrypted=True) or {}).get("talosconfig")
    except StateError as error:
        raise BackupError(f"the state cannot be opened, and with it the talosconfig: {error}") from None
    if found is None:
        raise BackupError("the state has no talosconfig; restore it first: WHAT=state")
    for path, content in ((config, str(plain(found)).encode()), (file, snapshot)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)


def _running(site: Site, command: Sequence[str]) -> Callable[[], None]:
    def run() -> None:
        if shutil.which(command[0]) is None:
            raise BackupError("talosctl is not on PATH; install that of the Talos that runs")
        ended = subprocess.run(command, cwd=site.engine.root, capture_output=True, text=True, check=False)
        if ended.returncode:
            said = (ended.stderr or ended.stdout).strip().splitlines() or [f"exit code {ended.returncode}"]
            raise BackupError(f"talosctl gave up: {said[-1]}")
        print(ended.stdout, end="", flush=True)  # which snapshot it recovers from

    return run


def _shown(site: Site, file: Path) -> str:
    """A file as it is named in the checkout."""
    return str(file.relative_to(site.engine.root)) if file.is_relative_to(site.engine.root) else str(file)
