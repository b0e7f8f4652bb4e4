"""Disasters of Vault, on a real server: its data are lost, or the key that unseals it is."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from components.vault.values import ROOT_KEY, UNSEAL_KEY
from doubles.loopback import Reply, Request
from lib.runbooks import path
from tools.backups import outside, vault_bench
from tools.backups.store import BackupError
from tools.backups.vault_bench import VaultBench
from tools.databases.s3 import S3Server
from tools.databases.site import BUCKET
from tools.game_day.ground import ROOT, Ground
from tools.game_day.making import STACK
from tools.game_day.scene import Answer, Asked, Disaster
from tools.game_day.vault_pod import VaultPod

_SENTINEL, _WRITTEN = "what people keep in Vault since before the disaster", "kv/platform"


@dataclass
class VaultScene:
    """See Scene."""

    bench: VaultBench
    pod: VaultPod
    kind: Disaster
    real: str = "Vault, its command and its gate; age, rclone and versitygw, by which its backup was made"
    played: str = "kubectl, its API server with the Secret vault-keys, the sidecar that unseals, and make up"
    symptom: Sequence[str] = ()

    def strike(self) -> None:
        """Back up, then the disaster."""
        self.bench.write(_SENTINEL)
        self.bench.back_up()
        self.pod.secret = dict(self.bench.keys)
        # What Pulumi wrote after the backup.
        self._write()
        self.bench.process.stop()
        if self.kind is Disaster.VAULT:
            self.pod.wipe()
        else:
            self.pod.secret.pop(UNSEAL_KEY)
        self.bench.process.resume()
        seen = ["alert VaultSealed", f"$ make up STACK={STACK}", *self._gate().text.splitlines()]
        self.symptom = [*seen, "$ kubectl -n vault get pods", *self.pod.pods().text.splitlines()]

    def _write(self) -> None:
        self.bench.server.expect("POST", _WRITTEN, {"generation": "2"}, self.pod.secret.get(ROOT_KEY, ""))

    def rows(self) -> Mapping[str, str]:
        """See Scene."""
        held, written = self._read("kv/drill"), self._read(_WRITTEN)
        again = f"make refresh STACK={STACK}, make up STACK={STACK}"
        return {
            "vault-0": self.pod.problem,
            "vault-keys": "" if {ROOT_KEY, UNSEAL_KEY} <= set(self.pod.secret) else "the Secret lacks a key",
            "what people keep": "" if held.get("sentinel") == _SENTINEL else "not there",
            "what Pulumi wrote since": "" if written else f"not there: {again}",
        }

    def _read(self, path: str) -> Mapping[str, str]:
        _, answer = self.bench.server.ask("GET", path, token=self.pod.secret.get(ROOT_KEY, ""))
        return answer.get("data") or {}

    def answer(self, asked: Asked) -> Answer | None:
        """See Scene."""
        if asked.program == "make":
            return self._make(asked)
        return self.pod.kubectl(asked) if (asked.program, asked.namespace) == ("kubectl", "vault") else None

    def _make(self, asked: Asked) -> Answer | None:
        target = next(iter(asked.words), "")
        if target == "refresh":
            return Answer(text="refresh: what Vault holds is compared with the state")
        if target != "up":
            return None
        if (gate := self._gate()).code:
            return gate
        try:
            self._write()
        except BackupError as error:
            return Answer(text=f"make up: {error}", code=1)
        return Answer(text="make up, as far as it concerns Vault: 1 secret was written again, all else is the same")

    def _gate(self) -> Answer:
        """What the gate of the program says, which is run here."""
        keys = self.bench.folder / "keys"
        shutil.rmtree(keys, ignore_errors=True)
        keys.mkdir()
        for name, text in self.pod.secret.items():
            (keys / name).write_text(text, encoding="utf-8")
        address = self.bench.server.root.removesuffix("/v1")
        environment = {
            "VAULT_ADDRS": address,
            "SSL_CERT_FILE": str(self.bench.process.place / "ca.crt"),
            "KEYS_DIRECTORY": str(keys),
            "KEYS": f"{UNSEAL_KEY},{ROOT_KEY}",
            "STEADY_SECONDS": "0",
            "SECONDS": "0",
            "RUNBOOK": path("vault-recovery.md#vault-does-not-come-up"),
        }
        run = subprocess.run(
            [sys.executable, "-m", "scripts.vault_unsealed"],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        said = run.stderr.strip().replace(address, "https://vault-0.vault-internal:8200")
        return Answer(text=f"vault-gate failed: {said}" if run.returncode else "", code=run.returncode)

    def respond(self, request: Request) -> Reply:
        """See Scene."""
        return self.pod.respond(request)


@contextmanager
def staged(ground: Ground, server: S3Server, kind: Disaster) -> Iterator[VaultScene]:
    """The disaster of that kind; raises BackupError where a program is missing."""
    place = ground.folder / "stage"
    place.mkdir()
    with vault_bench.bench(ground.settings(), place, outside.bucket(server, BUCKET, STACK)) as bench:
        bench.recipient = ground.settings().backup.recipients[0]  # type: ignore[union-attr]
        pod = VaultPod(bench=bench)
        scene = VaultScene(bench=bench, pod=pod, kind=kind)
        scene.strike()
        sidecar = threading.Thread(target=pod.unsealing, daemon=True)
        sidecar.start()
        try:
            yield scene
        finally:
            pod.end()
            sidecar.join()
