"""The Postgres cluster as it is reached by `kubectl` and its plugin, and what the operator does, on real servers."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from components.databases.archive import server_name
from tools.backups.store import BackupError
from tools.databases.barman import BaseBackup
from tools.databases.bench import recover
from tools.databases.postgres import Postgres
from tools.databases.site import Site
from tools.game_day.scene import Answer, Asked, table

_WELL, _LOST = "Cluster in healthy state", "Cluster is unrecoverable and needs manual intervention"

_APPLIED = "database.postgresql.cnpg.io/gitea|postgres|true", "databaserole.postgresql.cnpg.io/gitea|postgres|true"


@dataclass
class PostgresCluster:
    """The Cluster `postgres`.

    Attributes:
        primary: Its server.
        archive: Number of the archive that it writes to.
        beside: Servers of further Clusters, by their names.
    """

    site: Site
    primary: Postgres
    archive: int = 1
    beside: dict[str, Postgres] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        """Whether it answers."""
        with suppress(BackupError):
            return self.primary.data.exists() and self.primary.ask("SELECT 1") == "1"
        return False

    def gitea(self, statement: str) -> str:
        """What a statement gives in that database; raises BackupError."""
        return self.primary.ask(f"\\connect gitea\n{statement}")

    def made_anew(self, archive: int, source: int, moment: str | None) -> None:
        """What the operator does where it is replaced; raises BackupError."""
        self.primary.destroy()
        self.primary = self.site.postgres(f"postgres-{archive}", archive)
        self.archive = archive
        recover(self.site, self.primary, archive, _moment(moment), source)

    def end(self) -> None:
        """Stop every server."""
        for one in self.primary, *self.beside.values():
            one.stop()

    def kubectl(self, asked: Asked) -> Answer | None:
        """What it does in the namespace; None for what is no part of a game day."""
        known: dict[str, Callable[[], Answer | None]] = {
            "cnpg status": self._status,
            "cnpg backup": self._backed_up,
            "cnpg psql": lambda: self._program(self.primary, ("psql", *asked.inside)),
            "exec": lambda: self._inside(asked),
            "apply": lambda: self._applied(asked.given),
            "delete": lambda: self._deleted(asked.words[-1].rpartition("/")[2]),
            "describe": lambda: self._described(asked.words[-1].rpartition("/")[2]),
            "logs": lambda: self._log(asked.words[-1].rpartition("/")[2]),
            "wait": lambda: Answer(text=f"{asked.words[1]} condition met"),
            "get databases,databaseroles": lambda: table("NAME|CLUSTER|APPLIED", *_APPLIED),
            "get": lambda: self._got(asked),
        }
        words = " ".join(asked.words[:2]), next(iter(asked.words), "")
        return next((known[one]() for one in words if one in known), None)

    def _got(self, asked: Asked) -> Answer | None:
        kind = asked.words[1].partition("/")[0].partition(".")[0].rstrip("s")
        output = asked.flags.get("output", "")
        if kind in ("pod", "po"):
            return self.pods()
        if kind == "objectstore":
            return Answer(text=self._window())
        if kind == "backup":
            taken = (f"{one.id}|postgres|plugin|completed|{one.ended:%Y-%m-%dT%H:%M:%SZ}" for one in self._bases())
            return table("NAME|CLUSTER|METHOD|PHASE|STOPPED AT", *taken)
        if kind == "cluster" and output == "json":
            return Answer(text=json.dumps(self._cluster()))
        if kind == "cluster":
            own = f"postgres|2|2|{_WELL}" if self.runs else f"postgres|2|0|{_LOST}"
            return table("NAME|INSTANCES|READY|STATUS", own, *(f"{name}|1|1|{_WELL}" for name in self.beside))
        return None

    def _cluster(self) -> dict[str, object]:
        parameters = {"barmanObjectName": "postgres", "serverName": server_name(self.archive)}
        plugins = [{"name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": True, "parameters": parameters}]
        spec = {"imageName": "postgres", "storage": {"size": "10Gi"}, "resources": {}, "plugins": plugins}
        return {"apiVersion": "postgresql.cnpg.io/v1", "spec": {**spec, "postgresql": {"parameters": {}}}}

    def _bases(self) -> Sequence[BaseBackup]:
        return self.site.archive(self.archive).backups()

    def _window(self) -> str:
        lines = ["status:", "  serverRecoveryWindow:"]
        for number in range(1, self.archive + 1):
            bases = self.site.archive(number).backups()
            if bases:
                lines += [
                    f"    {server_name(number)}:",
                    f"      firstRecoverabilityPoint: {bases[0].ended:%Y-%m-%dT%H:%M:%SZ}",
                    f"      lastSuccessfulBackupTime: {bases[-1].ended:%Y-%m-%dT%H:%M:%SZ}",
                ]
        return "\n".join(lines)

    def pods(self) -> Answer:
        """The table of pods."""
        state = ("1/1", "Running") if self.runs else ("0/1", "Pending")
        return table("NAME|READY|STATUS", *(f"postgres-{number}|{state[0]}|{state[1]}" for number in (1, 2)))

    def _described(self, pod: str) -> Answer:
        well = "Running. Events: none", "Pending. Events: its volume cannot be mounted, the disk is broken"
        return Answer(text=f"Name: {pod}. Status: {well[not self.runs]}")

    def _log(self, pod: str) -> Answer:
        if not self.runs:
            return Answer(text=f'container "postgres" in pod "{pod}" is waiting to start: ContainerCreating', code=1)
        server = self.beside.get(pod.rpartition("-")[0], self.primary)
        return Answer(text="\n".join((server.folder / "log").read_text(encoding="utf-8").splitlines()[-30:]))

    def _status(self) -> Answer:
        well = self.runs
        lines = [
            f"Cluster postgres: {'Cluster in healthy state' if well else 'no primary'}",
            "Continuous Backup status:",
        ]
        lines += [
            f"  Working WAL archiving: {'OK' if well else 'unknown'}, to {server_name(self.archive)}",
            self._window(),
        ]
        return Answer(text="\n".join(lines))

    def _backed_up(self) -> Answer:
        name = f"backup-{time.time_ns()}"
        self.site.archive(self.archive).back_up(name, {"PGHOST": str(self.primary.folder)})
        return Answer(text=f"backup/{name} created, and it is completed")

    def _program(self, server: Postgres, words: Sequence[str]) -> Answer:
        if not self.runs:
            return Answer(text='pods "postgres-1" not found', code=1)
        name, *rest = words
        line = [str(server.programs / name), "--host", str(server.folder), "--username", "postgres", *rest]
        return Answer(program=line)

    def _inside(self, asked: Asked) -> Answer | None:
        pod = asked.words[1]
        server = self.beside.get(pod.rpartition("-")[0]) or (self.primary if pod.startswith("postgres-") else None)
        if server is None or asked.inside[:1] not in (("psql",), ("pg_dump",), ("pg_restore",), ("pg_dumpall",)):
            return None
        return self._program(server, asked.inside)

    def _applied(self, text: str) -> Answer:
        made = json.loads(text)
        name, spec = made["metadata"]["name"], made["spec"]
        moment = spec["bootstrap"]["recovery"].get("recoveryTarget", {}).get("targetTime")
        server = self.site.postgres(name, self.archive)
        recover(self.site, server, None, _moment(moment), self.archive)
        self.beside[name] = server
        return Answer(text=f"cluster.postgresql.cnpg.io/{name} created")

    def _deleted(self, name: str) -> Answer:
        if name not in self.beside:
            return Answer(text=f'clusters.postgresql.cnpg.io "{name}" not found', code=1)
        self.beside.pop(name).destroy()
        return Answer(text=f'cluster.postgresql.cnpg.io "{name}" deleted')


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
