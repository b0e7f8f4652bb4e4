"""Vault's only pod as it is reached: by `kubectl` and the API server; with its Secret, and the sidecar that unseals."""

import base64
import json
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from components.vault.values import UNSEAL_KEY
from doubles.loopback import Reply, Request
from tools import real_programs, real_servers
from tools.backups.store import BackupError
from tools.backups.vault_bench import VaultBench
from tools.backups.vault_server import NEW, VaultServer
from tools.game_day.scene import Answer, Asked, table

_SECRET = "/api/v1/namespaces/vault/secrets/vault-keys"
_PROXY = "/api/v1/namespaces/vault/pods/https:vault-0:8200/proxy/"
_SECONDS = 1.0


@dataclass
class VaultPod:
    """The pod, and the Secret `vault-keys` beside it."""

    bench: VaultBench
    secret: dict[str, str] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _said: list[str] = field(default_factory=list)
    _lost: set[str] = field(default_factory=set)

    @property
    def server(self) -> VaultServer:
        """Vault itself."""
        return self.bench.server

    @property
    def problem(self) -> str:
        """Why it is not ready."""
        health = self.server.health()
        known: dict[int, str] = {HTTPStatus.OK: "", NEW: "not initialised", HTTPStatus.SERVICE_UNAVAILABLE: "sealed"}
        return known.get(health, f"HTTP {health}")

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
                elif health == HTTPStatus.SERVICE_UNAVAILABLE:
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

    def kubectl(self, asked: Asked) -> Answer | None:
        """What it does in the namespace; None for what is no part of a game day."""
        known: dict[str, Callable[[], Answer | None]] = {
            "exec": lambda: self._inside(asked),
            "logs": lambda: self._log(asked),
            "describe": lambda: self._log(asked),
            "get pods": self.pods,
            "get pod": self.pods,
            "get secret": lambda: self._shown(asked),
            "get secrets": lambda: self._shown(asked),
            "patch secret": lambda: self._patched(asked),
            "delete pvc": lambda: self._deleted("pvc"),
            "delete pod": lambda: self._deleted("pod"),
            "get pvc": lambda: table("NAME|STATUS", "audit-vault-0|Bound", "data-vault-0|Bound"),
            "get statefulset": lambda: table("NAME|READY", f"vault|{0 if self.problem else 1}/1"),
            "get cronjob": lambda: table("NAME|SCHEDULE|SUSPEND", "vault-backup|35 */6 * * *|False"),
            "create job": self._backed_up,
        }
        words = " ".join(asked.words[:2]), next(iter(asked.words), "")
        return next((known[one]() for one in words if one in known), None)

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

    def pods(self) -> Answer:
        """The table of pods."""
        ready = "2/3" if self.problem else "3/3"
        return table("NAME|READY|STATUS|RESTARTS", f"vault-0|{ready}|Running|0")

    def _encoded(self) -> dict[str, str]:
        return {name: base64.b64encode(text.encode()).decode() for name, text in self.secret.items()}

    def _shown(self, asked: Asked) -> Answer:
        output = asked.flags.get("output", "")
        if output.startswith("jsonpath="):
            name = output.rpartition(".")[2].rstrip("}'")
            whole = json.dumps(self._encoded(), separators=(",", ":"))
            return Answer(text=whole if name == "data" else self._encoded().get(name, ""))
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
