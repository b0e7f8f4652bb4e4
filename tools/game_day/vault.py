"""Disasters of Vault, on a real server: its data are lost, or the key that unseals it is."""

import base64
import json
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from components.vault.values import ROOT_KEY, UNSEAL_KEY
from doubles.loopback import Reply, Request
from lib.runbooks import path
from tools import real_programs, real_servers
from tools.backups import outside, vault_bench
from tools.backups.store import BackupError
from tools.backups.vault_bench import VaultBench
from tools.backups.vault_server import NEW, VaultServer
from tools.databases.s3 import S3Server
from tools.databases.site import BUCKET
from tools.game_day.ground import ROOT, STACK, Ground
from tools.game_day.scene import Answer, Asked, Disaster, table

_SECRET = "/api/v1/namespaces/vault/secrets/vault-keys"
_PROXY = "/api/v1/namespaces/vault/pods/https:vault-0:8200/proxy/"
_SENTINEL, _WRITTEN = "what people keep in Vault since before the disaster", "kv/platform"
_SECONDS = 1.0
_HTTP_SEALED = 503


@dataclass
class VaultScene:
    """See Scene."""

    bench: VaultBench
    kind: Disaster
    played: str = "kubectl, its API server with the Secret vault-keys, the sidecar that unseals, and make up"
    symptom: Sequence[str] = ()
    secret: dict[str, str] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _said: list[str] = field(default_factory=list)
    _lost: set[str] = field(default_factory=set)

    @property
    def real(self) -> str:
        """See Scene."""
        return "Vault and its command; age, rclone and versitygw, by which its backup was made"

    @property
    def server(self) -> VaultServer:
        """Vault's only pod."""
        return self.bench.server

    def strike(self) -> None:
        """Back up, then the disaster."""
        self.bench.write(_SENTINEL)
        self.bench.back_up()
        self.secret = dict(self.bench.keys)
        # What Pulumi wrote after the backup.
        self.server.expect("POST", _WRITTEN, {"generation": "2"}, self.secret[ROOT_KEY])
        self.bench.process.stop()
        if self.kind is Disaster.VAULT:
            self.wipe()
        else:
            self.secret.pop(UNSEAL_KEY)
        self.bench.process.resume()
        seen = ["alert VaultSealed", f"$ make up STACK={STACK}", *self._gate().text.splitlines()]
        self.symptom = [*seen, "$ kubectl -n vault get pods", *self._pods().text.splitlines()]

    def wipe(self) -> None:
        """Take the data away."""
        shutil.rmtree(self.bench.process.place / "data")
        (self.bench.process.place / "data").mkdir()

    def unsealing(self) -> None:
        """The sidecar, as bank-vaults does it: reads the Secret at every try, and initialises nothing."""
        while not self._ended.wait(_SECONDS):
            with suppress(BackupError):
                health = self.server.health()
                if health == NEW:
                    self._say("vault is not initialized, retrying")
                elif health == _HTTP_SEALED:
                    key = self.secret.get(UNSEAL_KEY)
                    opened = bool(key) and self.server.unseal(str(key))
                    missing = f"key not found: {UNSEAL_KEY}" if not key else "cipher: message authentication failed"
                    self._say("successfully unsealed vault" if opened else f"error unsealing vault: {missing}")

    def end(self) -> None:
        """Stop the sidecar."""
        self._ended.set()

    def _say(self, text: str) -> None:
        if text not in self._said[-1:]:
            self._said.append(text)

    def rows(self) -> Mapping[str, str]:
        """See Scene."""
        health = self.server.health()
        sealed = {NEW: "not initialised", _HTTP_SEALED: "sealed"}.get(health, "" if health == 200 else f"HTTP {health}")  # noqa: PLR2004
        token = self.secret.get(ROOT_KEY, "")
        held, _ = self._read("kv/drill", token)
        written, _ = self._read(_WRITTEN, token)
        return {
            "vault-0": sealed,
            "vault-keys": "" if {ROOT_KEY, UNSEAL_KEY} <= set(self.secret) else "the Secret lacks a key",
            "what people keep": "" if held.get("sentinel") == _SENTINEL else "not there",
            "what Pulumi wrote since": ""
            if written
            else f"not there: make refresh STACK={STACK}, make up STACK={STACK}",
        }

    def _read(self, path: str, token: str) -> tuple[Mapping[str, str], int]:
        status, answer = self.server.ask("GET", path, token=token)
        return answer.get("data") or {}, status

    def answer(self, asked: Asked) -> Answer | None:
        """See Scene."""
        if asked.program == "make":
            return self._make(asked)
        if asked.program != "kubectl" or asked.namespace != "vault":
            return None
        kind = " ".join(asked.words[:2])
        if asked.words[:1] == ("exec",):
            return self._inside(asked)
        if asked.words[:1] in (("logs",), ("describe",)):
            return self._log(asked)
        known = {
            "get pods": self._pods,
            "get pod": self._pods,
            "get secret": lambda: self._shown(asked),
            "get secrets": lambda: self._shown(asked),
            "patch secret": lambda: self._patched(asked),
            "delete pvc": lambda: self._deleted("pvc"),
            "delete pod": lambda: self._deleted("pod"),
            "get pvc": lambda: table("NAME|STATUS", "audit-vault-0|Bound", "data-vault-0|Bound"),
            "get statefulset": lambda: table("NAME|READY", f"vault|{int(self.server.health() == 200)}/1"),  # noqa: PLR2004
            "get cronjob": lambda: table("NAME|SCHEDULE|SUSPEND", "vault-backup|35 */6 * * *|False"),
            "create job": self._backed_up,
        }
        return known[kind]() if kind in known else None

    def _make(self, asked: Asked) -> Answer | None:
        target = next(iter(asked.words), "")
        if target == "refresh":
            return Answer(text="refresh: what Vault holds is compared with the state")
        if target != "up":
            return None
        if (gate := self._gate()).code:
            return gate
        try:
            self.server.expect("POST", _WRITTEN, {"generation": "2"}, self.secret.get(ROOT_KEY, ""))
        except BackupError as error:
            return Answer(text=f"make up: {error}", code=1)
        return Answer(
            text="make up, as far as it concerns Vault: 1 secret was written again, everything else is the same"
        )

    def _gate(self) -> Answer:
        """What the gate of the program says, which is run here."""
        keys = self.bench.folder / "keys"
        shutil.rmtree(keys, ignore_errors=True)
        keys.mkdir()
        for name, text in self.secret.items():
            (keys / name).write_text(text, encoding="utf-8")
        address = self.server.root.removesuffix("/v1")
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

    def _inside(self, asked: Asked) -> Answer:
        binary = real_servers.find(real_programs.VAULT).binary
        command = asked.inside
        address = self.server.root.removesuffix("/v1")
        variables = {"VAULT_ADDR": address, "VAULT_CACERT": str(self.bench.process.place / "ca.crt")}
        variables |= {"PATH": f"{binary.parent}:/usr/local/bin:/usr/bin:/bin", "HOME": str(self.bench.folder)}
        return Answer(program=command, environment=variables)

    def _log(self, asked: Asked) -> Answer:
        if asked.words[0] == "describe":
            return Answer(text="Containers: vault, unseal, caretaker; Ready: False. Events: none but of its probes")
        if asked.flags.get("container") == "vault":
            return Answer(text="\n".join((self.bench.process.place / "log").read_text().splitlines()[-15:]))
        return Answer(text="\n".join(self._said[-15:]))

    def _pods(self) -> Answer:
        ready = "3/3" if self.server.health() == 200 else "2/3"  # noqa: PLR2004
        return table("NAME|READY|STATUS|RESTARTS", f"vault-0|{ready}|Running|0")

    def _encoded(self) -> dict[str, str]:
        return {name: base64.b64encode(text.encode()).decode() for name, text in self.secret.items()}

    def _shown(self, asked: Asked) -> Answer:
        output = asked.flags.get("output", "")
        if output.startswith("jsonpath="):
            name = output.rpartition(".")[2].rstrip("}'")
            return Answer(text=self._encoded().get(name, ""))
        metadata = {"name": "vault-keys", "namespace": "vault"}
        return Answer(text=json.dumps({"kind": "Secret", "metadata": metadata, "data": self._encoded()}, indent=1))

    def _patched(self, asked: Asked) -> Answer:
        patch = json.loads(asked.flags.get("patch", "{}"))
        for one in patch if isinstance(patch, list) else ():
            self.secret.pop(str(one["path"]).rpartition("/")[2], None)
        if isinstance(patch, dict):
            self.secret |= {name: str(text).strip() for name, text in (patch.get("stringData") or {}).items()}
            self.secret |= {name: base64.b64decode(text).decode() for name, text in (patch.get("data") or {}).items()}
        return Answer(text="secret/vault-keys patched")

    def _deleted(self, what: str) -> Answer:
        self._lost.add(what)
        if what == "pvc":  # protected for as long as the pod is there
            return Answer(
                text='persistentvolumeclaim "data-vault-0" deleted\npersistentvolumeclaim "audit-vault-0" deleted'
            )
        self.bench.process.stop()
        if "pvc" in self._lost:
            self.wipe()
        self._lost.clear()
        self.bench.process.resume()
        return Answer(text='pod "vault-0" deleted')

    def _backed_up(self) -> Answer:
        self.bench.back_up()
        return Answer(text="job.batch/vault-backup-now created, and it is Complete")

    def respond(self, request: Request) -> Reply:
        """See Scene."""
        if request.path.startswith("/api/v1/namespaces/vault/pods?"):
            return Reply(200, {"items": [{"metadata": {"name": "vault-0", "labels": {}}}]})
        if request.path.startswith(_PROXY):
            return self._passed_on(request)
        if request.path != _SECRET:
            return Reply(200 if request.path == "/readyz" else 404, {})
        if request.method == "PATCH":
            changed = json.loads(request.body).get("data") or {}
            new = {name: base64.b64decode(text).decode() for name, text in changed.items() if text is not None}
            self.secret = {name: text for name, text in self.secret.items() if name not in changed} | new
        return Reply(200, {"data": self._encoded()})

    def _passed_on(self, request: Request) -> Reply:
        headers = {name: value for name, value in request.headers.items() if name.lower().startswith("x-")}
        url = f"{self.server.root.removesuffix('/v1')}/{request.path.removeprefix(_PROXY)}"
        asked = urllib.request.Request(url, method=request.method, headers=headers, data=request.body or None)  # noqa: S310
        try:
            with self.server.opener.open(asked, timeout=60) as reply:
                return Reply(reply.status, reply.read())
        except urllib.error.HTTPError as error:
            return Reply(error.code, error.read())


@contextmanager
def staged(ground: Ground, server: S3Server, kind: Disaster) -> Iterator[VaultScene]:
    """The disaster of that kind; raises BackupError where a program is missing."""
    place = ground.folder / "stage"
    place.mkdir()
    with vault_bench.bench(ground.settings(), place, outside.bucket(server, BUCKET, STACK)) as bench:
        bench.recipient = ground.settings().backup.recipients[0]  # type: ignore[union-attr]
        scene = VaultScene(bench=bench, kind=kind)
        scene.strike()
        sidecar = threading.Thread(target=scene.unsealing, daemon=True)
        sidecar.start()
        try:
            yield scene
        finally:
            scene.end()
            sidecar.join()
