"""Part `state`: the Pulumi state and what has to lie beside it, but for the passphrase, which no backup has.

The exported state keeps its secrets encrypted; with it go the stack file (`encryptionsalt`), the files that it names,
and the recovery sheet. Written after each update, since nothing else changes the state.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from components.backup.target import Part as Folder
from lib.secret_state import resources
from settings.model import Settings
from tools import pulumi_cli
from tools.backups import archive, sheet
from tools.backups.archive import SHEET, STATE, Archive
from tools.backups.part import Site, Step, Wanted
from tools.backups.store import BackupError, Copy, Store
from tools.binaries import Version
from tools.state import Engine, State, StateError

NAME: Final = Folder.STATE.value

_ENDING: Final = ".tar.age"
_KEPT: Final = 7
"""As many stay, however old they are: who updates twice a year has something to go back to."""
_SALT: Final = re.compile(r"^encryptionsalt: *(\S+)", re.MULTILINE)
_NO_VERSION: Final = Version(0, 0, 0, final=True)
_GRACE: Final = timedelta(minutes=10)
"""Between the end of an update and its backup."""


def last(site: Site, at: datetime | None = None) -> Copy | None:
    """See Part."""
    return next((one for one in copies(site.store) if at is None or one.when <= at), None)


def copies(store: Store) -> list[Copy]:
    """Every backup, the newest first."""
    return [one for one in store.copies(NAME) if one.name.endswith(_ENDING)]


def due(site: Site, now: datetime) -> datetime | None:
    """See Part: from the last update, once that is over for a while."""
    return site.updated if site.updated is not None and now - site.updated > _GRACE else None


def write(engine: Engine, settings: Settings, store: Store) -> Copy:
    """Back up; what is too old goes. Raises BackupError, also where the passphrase at hand does not open the state."""
    if settings.backup is None:
        raise BackupError("the stack file declares no backups (home-cluster:backup), so no recipients to encrypt to")
    recipients, now = settings.backup.recipients, datetime.now(UTC)
    exported = _exported(engine)
    stack = engine.stack.rsplit("/", 1)[-1]
    about = sheet.text(
        stack=stack,
        cluster=settings.cluster.name,
        address=store.address,
        recipients=recipients,
        provider=str(((exported.get("deployment") or {}).get("secrets_providers") or {}).get("type", "passphrase")),
    ).encode()
    files = {STATE: json.dumps(exported).encode(), SHEET: about}
    for file in (f"Pulumi.{stack}.yaml", "Pulumi.yaml", *_named(settings)):
        files[file] = (engine.root / file).read_bytes()
    made = Archive(stack=stack, cluster=settings.cluster.name, written=now, files=files)
    copy = Copy(name=f"{NAME}/{now:%Y%m%dT%H%M%SZ}{_ENDING}", when=now)
    content = made.sealed(recipients)
    store.put(copy.name, content)
    store.put(f"{NAME}/{SHEET}", about)
    for old in copies(store)[_KEPT:]:
        if now - old.when > timedelta(days=settings.backup.retention_days):
            store.remove(old.name)
    return Copy(name=copy.name, when=now, size=len(content))


def _exported(engine: Engine) -> State:
    """The state, secrets encrypted; raises BackupError where no secret of it can be opened."""
    try:
        exported = engine.state()
        engine.state(decrypted=True)
    except StateError as error:
        raise BackupError(f"the passphrase at hand does not open the state, so nobody may later: {error}") from None
    if exported is None:
        raise BackupError(f"{engine.stack} has no state yet: make up STACK={engine.stack}")
    return exported


def _named(settings: Settings) -> Iterator[str]:
    """Files that the stack file names, from its folder."""
    stages = (stage for chain in settings.chains.values() for stage in chain.stages)
    yield from dict.fromkeys(file.path for stage in stages for file in stage.files)


def found(site: Site, wanted: Wanted) -> Archive:
    """The archive of the time that is wanted, opened and judged; raises BackupError."""
    if wanted.file is not None:
        label, content = str(wanted.file), _read(wanted.file)
    else:
        copy = last(site, wanted.at)
        if copy is None:
            raise BackupError(
                f"{site.store.address}/{NAME} holds no backup{f' from before {wanted.at}' if wanted.at else ''}"
            )
        label, content = f"{site.store.address}/{copy.name}", site.store.get(copy.name)
    opened = archive.opened(content, archive.keys(wanted.key), label)
    stack = site.engine.stack.rsplit("/", 1)[-1]
    if opened.stack != stack:
        raise BackupError(f"{label} is of stack {opened.stack}, not of {stack}")
    return opened


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BackupError(f"{file} cannot be read ({error.strerror})") from None


def plan(site: Site, wanted: Wanted) -> Sequence[Step]:
    """See Part: into a backend without the stack, or in place of what it has where that is said."""
    opened, engine = found(site, wanted), site.engine
    try:
        before = engine.state()
    except StateError as error:
        raise BackupError(f"the backend of the stack cannot be asked: {error}") from None
    standing = len(list(resources(before or {})))
    if standing and not wanted.replace:
        raise BackupError(
            f"{engine.stack} has a state of {standing} resources, which this would replace. Where that is meant, say "
            "ARGS=--replace; it is kept in build/state"
        )
    _fits(engine, opened)
    size, since = len(list(resources(opened.state))), f"{opened.written:%Y-%m-%dT%H:%M:%SZ}"
    missing = ", ".join(archive.missing(opened, engine.root))
    files = Step(does=f"write {missing}", minutes=1, run=lambda: archive.unpack(opened, engine.root))
    return [
        *([files] if missing else []),
        Step(
            does=f"take the state of {since} ({size} resources, Pulumi {opened.pulumi}), and open a secret of it",
            minutes=1,
            command=f"pulumi stack init {opened.stack}; pulumi stack import --stack {opened.stack}",
            run=lambda: _put(engine, opened, before),
        ),
    ]


def _fits(engine: Engine, opened: Archive) -> None:
    """Find what would keep the state from being of use here; raises BackupError."""
    kept = f"Pulumi.{opened.stack}.yaml"
    here = engine.root / kept
    salts = [
        _SALT.search(text) for text in (opened.files[kept].decode(), here.read_text("utf-8") if here.exists() else "")
    ]
    if all(salts) and len({salt[1] for salt in salts if salt}) > 1:
        raise BackupError(
            f"{kept} here has another encryptionsalt than the backup, so they open with different passphrases: move it "
            "away, and the one of the backup takes its place"
        )
    pinned = pulumi_cli.pinned(engine.root)
    if (Version.parse(opened.pulumi) or _NO_VERSION) > (Version.parse(pinned) or _NO_VERSION):
        raise BackupError(
            f"the state was written by Pulumi {opened.pulumi}, and this checkout has {pinned}: check out the commit "
            "that was deployed last"
        )


def _put(engine: Engine, opened: Archive, before: State | None) -> None:
    """Make it the state of the stack; raises BackupError, and then leaves what was there."""
    try:
        if before is None:
            engine.call("stack", "init")
        else:
            kept = engine.root / "build" / "state" / f"{opened.stack}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(before), encoding="utf-8")
        engine.put(opened.state)
        engine.state(decrypted=True)
    except StateError as error:
        raise BackupError(
            f"the passphrase at hand does not open the state of the backup, and nothing else does: {error}"
        ) from None
