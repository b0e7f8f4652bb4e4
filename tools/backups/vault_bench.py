"""The bench of part `vault`: two real servers on the loopback, one after the other, and the steps of the real Job."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from components.backup.target import Part
from components.backup.vault import KEYS, SNAPSHOT
from components.vault import policies
from components.vault.configuration import AUDIENCE
from components.vault.values import ROOT_KEY
from doubles.authentik.jwt import Signer
from doubles.certificates import Authority
from lib.pod_scripts import SCRIPTS
from settings.model import Settings
from tools import real_programs, real_servers
from tools.backups import vault
from tools.backups.outside import Outside, directory
from tools.backups.part import Fault, Wanted
from tools.backups.state_bench import new_key, spoil
from tools.backups.store import BackupError
from tools.backups.vault_process import VaultProcess
from tools.backups.vault_restore import Present, restore
from tools.backups.vault_server import VaultServer
from tools.files import UnavailableError

_MOUNT, _ROLE = "cluster", "backup"
_STEPS = ("vault_snapshot.sh", "backup_encrypt.sh", "backup_upload.sh")
_HELD = "kv/drill"


@dataclass(kw_only=True)
class VaultBench:
    """See Bench: the sentinel is a secret.

    Attributes:
        binaries: Directories of the programs that the Job's steps call.
        key: File with the private key of age.
    """

    folder: Path
    process: VaultProcess
    binaries: Sequence[Path]
    outside: Outside
    key: Path
    recipient: str
    what: str
    _signer: Signer = field(default_factory=lambda: Signer("cluster"))
    _up: tuple[VaultServer, dict[str, str]] | None = None

    @property
    def server(self) -> VaultServer:
        """The one that runs."""
        return self._running()[0]

    @property
    def keys(self) -> dict[str, str]:
        """The Secret `vault-keys`."""
        return self._running()[1]

    def start(self) -> None:
        """A new server, which knows nothing of an earlier one."""
        self._up = self.process.start()

    def write(self, sentinel: str) -> None:
        """See Bench."""
        self._ask("POST", _HELD, {"sentinel": sentinel})

    def back_up(self) -> None:
        """See Bench: the scripts of the Job, in its order."""
        bundle, out = self.folder / "bundle", self.folder / "out"
        for place in bundle, out, bundle / KEYS:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True, exist_ok=True)
        for name, text in self.keys.items():
            (bundle / KEYS / name).write_text(text, encoding="utf-8")
        now = int(time.time())
        claims = {"sub": "vault-backup", "aud": [AUDIENCE], "iat": now - 60, "nbf": now - 60, "exp": now + 600}
        (self.folder / "token").write_text(self._signer.sign(claims), encoding="utf-8")
        (self.folder / "recipients").write_text(f"{self.recipient}\n", encoding="utf-8")
        variables = {
            "VAULT_ADDR": self.server.root.removesuffix("/v1"),
            "VAULT_CACERT": str(self.process.place / "ca.crt"),
            "MOUNT": _MOUNT,
            "ROLE": _ROLE,
            "JWT": str(self.folder / "token"),
            "SNAPSHOT": str(bundle / SNAPSHOT),
            "DIRECTORY": str(bundle),
            "FILES": f"{SNAPSHOT} {KEYS}/*",
            "RECIPIENTS": str(self.folder / "recipients"),
            "OUT": str(out),
            **self.outside.sending(Part.VAULT),
        }
        path = ":".join([*map(str, self.binaries), os.environ.get("PATH", os.defpath)])
        for step in _STEPS:
            _run(["bash", str(SCRIPTS / step)], {"PATH": path, "HOME": str(self.folder), **variables})

    def destroy(self) -> None:
        """See Bench: the data and the Secret; what comes up in its place has keys of its own."""
        self.process.stop()
        shutil.rmtree(self.folder / "bundle")
        self.start()

    def plant(self, fault: Fault) -> None:
        """See Bench."""
        if fault is Fault.WRONG_KEY:
            new_key(self.key)
        for copy in self.outside.store.copies(vault.NAME):
            spoil(self.outside.store, copy.name, fault)

    def restore(self) -> None:
        """See Bench."""
        kept, _ = vault.found(self.outside.store, Wanted(key=self.key))
        restore(self.server, kept, Present(keys=dict(self.keys), put=self._put))

    def sentinel(self) -> str | None:
        """See Bench."""
        status, answer = self.server.ask("GET", _HELD, token=self.keys[ROOT_KEY])
        return str(answer["data"]["sentinel"]) if status == 200 else None  # noqa: PLR2004

    def configure(self) -> None:
        """What Pulumi makes: the login of the Job, and a place for the sentinel. A key judges the token, since there is
        no API server to ask.
        """
        self._ask("POST", "sys/mounts/kv", {"type": "kv"})
        self._ask("POST", f"sys/auth/{_MOUNT}", {"type": "jwt"})
        self._ask("POST", f"auth/{_MOUNT}/config", {"jwt_validation_pubkeys": [self._signer.public_pem]})
        self._ask("PUT", f"sys/policies/acl/{_ROLE}", {"policy": policies.snapshots()})
        role = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": [AUDIENCE], "token_policies": [_ROLE]}
        self._ask("POST", f"auth/{_MOUNT}/role/{_ROLE}", {**role, "token_no_default_policy": True})

    def _running(self) -> tuple[VaultServer, dict[str, str]]:
        if self._up is None:
            raise BackupError("no Vault runs on the bench")
        return self._up

    def _put(self, keys: Mapping[str, str]) -> None:
        self._up = (self.server, dict(keys))

    def _ask(self, method: str, path: str, body: Mapping[str, object]) -> None:
        self.server.expect(method, path, body, self.keys[ROOT_KEY])


@contextmanager
def bench(settings: Settings, folder: Path, outside: Outside | None = None) -> Iterator[VaultBench]:
    """See Part; its target is a directory, if it is not `outside`."""
    programs = (real_programs.VAULT, real_programs.AGE, real_programs.RCLONE)
    try:
        found = [real_servers.find(one).binary for one in programs]
    except UnavailableError as error:
        raise BackupError(str(error)) from None
    key, to = folder / "key.txt", outside or directory(folder / "target", settings.cluster.name)
    process = VaultProcess(binary=found[0], place=folder / "vault", authority=Authority("drill", path_length=1))
    made = VaultBench(
        folder=folder,
        process=process,
        binaries=[one.parent for one in found],
        outside=to,
        key=key,
        recipient=new_key(key),
        what=f"real: Vault, age and rclone; {to.what}, and a key judges the Job's token",
    )
    try:
        made.start()
        made.configure()
        yield made
    finally:
        process.stop()


def _run(command: list[str], variables: Mapping[str, str]) -> None:
    ended = subprocess.run(command, env=dict(variables), capture_output=True, text=True, timeout=120, check=False)
    if ended.returncode:
        raise BackupError(f"{Path(command[-1]).name} failed: {(ended.stderr or ended.stdout).strip()[-500:]}")
