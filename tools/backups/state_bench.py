"""The bench of part `state`: a stack of the real CLI in a directory, with a passphrase of its own."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyrage
import yaml

from lib.secret_state import outputs, plain
from settings.backup import BackupSettings, BackupTarget
from settings.model import Settings
from tools.backups import state, store
from tools.backups.part import Bench, Fault, Site, Wanted
from tools.backups.store import BackupError, Store
from tools.state import Engine, StateError

_ROOT = Path(__file__).resolve().parents[2]
_STACK = "drill"
_URN = f"urn:pulumi:{_STACK}::home-cluster::pulumi:pulumi:Stack::home-cluster-{_STACK}"
_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
"""What an export in plain text calls a secret (apitype.SecretV1); an import encrypts it."""


@dataclass(kw_only=True)
class StateBench:
    """See Bench: the sentinel is a secret output of the stack."""

    engine: Engine
    settings: Settings
    store: Store
    key: Path
    what: str = "real: Pulumi's CLI and age; the target is a directory"

    def write(self, sentinel: str) -> None:
        """See Bench."""
        output = {**_SECRET, "plaintext": json.dumps(sentinel)}
        resource = {"urn": _URN, "type": "pulumi:pulumi:Stack", "custom": False, "outputs": {"sentinel": output}}
        salt = yaml.safe_load((self.engine.root / f"Pulumi.{_STACK}.yaml").read_text(encoding="utf-8"))[
            "encryptionsalt"
        ]
        provider = {"type": "passphrase", "state": {"salt": salt}}
        deployment = {"manifest": {}, "secrets_providers": provider, "resources": [resource]}
        self.engine.put({"version": 3, "deployment": deployment})

    def back_up(self) -> None:
        """See Bench."""
        state.write(self.engine, self.settings, self.store)

    def destroy(self) -> None:
        """See Bench: the backend, and the stack file."""
        shutil.rmtree(self.engine.root / "backend")
        (self.engine.root / "backend").mkdir()
        (self.engine.root / f"Pulumi.{_STACK}.yaml").unlink()

    def plant(self, fault: Fault) -> None:
        """See Bench."""
        if fault is Fault.WRONG_KEY:
            new_key(self.key)
        for copy in state.copies(self.store):
            spoil(self.store, copy.name, fault)

    def restore(self) -> None:
        """See Bench."""
        site = Site(engine=self.engine, settings=self.settings, store=self.store)
        for step in state.plan(site, Wanted(key=self.key)):
            assert step.run is not None  # noqa: S101 - a person has no part in it
            step.run()

    def sentinel(self) -> str | None:
        """See Bench."""
        found = outputs(self.engine.state(decrypted=True) or {}).get("sentinel")
        return None if found is None else str(plain(found))


def spoil(store: Store, name: str, fault: Fault) -> None:
    """Cut a file of the target in half, or change a byte in its middle."""
    content = store.get(name)
    middle = len(content) // 2
    if fault is Fault.TRUNCATED:
        store.put(name, content[:middle])
    if fault is Fault.CORRUPT:
        store.put(name, content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])


@contextmanager
def bench(settings: Settings, folder: Path) -> Iterator[Bench]:
    """See Part."""
    binary, root, key = _ROOT / ".tools" / "pulumi", folder / "checkout", folder / "key.txt"
    if not binary.exists():
        raise BackupError(".tools/pulumi is not there: run `make setup`")
    (root / "backend").mkdir(parents=True)
    for file in "Pulumi.yaml", "requirements.txt":
        shutil.copy(_ROOT / file, root)
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{root}/backend",
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(),
        "PULUMI_HOME": str(folder / "home"),
    }
    environment.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    engine = Engine(binary, _STACK, root, environment=environment)
    backup = BackupSettings(target=BackupTarget(), recipients=(new_key(key),))
    try:
        engine.call("stack", "init")
        yield StateBench(
            engine=engine,
            settings=settings.model_copy(update={"backup": backup, "chains": {}}),
            store=store.directory(folder / "target", settings.cluster.name),
            key=key,
        )
    except StateError as error:
        raise BackupError(str(error)) from None


def new_key(file: Path) -> str:
    """Write a private key as age-keygen does, and give its recipient."""
    identity = pyrage.x25519.Identity.generate()
    file.write_text(f"# public key: {identity.to_public()}\n{identity}\n", encoding="utf-8")
    file.chmod(0o600)
    return str(identity.to_public())
