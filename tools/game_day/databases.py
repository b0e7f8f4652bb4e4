"""Disasters of Postgres, on a real server: its volumes are lost, or somebody deleted what one service kept."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from components.databases.archive import server_name
from doubles.loopback import Reply, Request
from tools.backups.store import BackupError
from tools.databases import site
from tools.databases.barman import BaseBackup
from tools.databases.bench import recover
from tools.databases.postgres import Postgres
from tools.databases.s3 import S3Server
from tools.databases.site import Site
from tools.game_day.ground import STACK, Ground
from tools.game_day.scene import Answer, Asked, Disaster, table

_ROWS = "SELECT coalesce(string_agg(name, ' ' ORDER BY id), '') FROM repository"
_BEFORE, _LATER = "kitchen garden", "kitchen garden workshop"
_MARGIN = 1.0
"""Seconds around what happens, so that a time without a fraction tells them apart."""


@dataclass
class DatabasesScene:
    """See Scene.

    Attributes:
        beside: Further servers, by the name of their Cluster.
    """

    ground: Ground
    site: Site
    postgres: Postgres
    kind: Disaster
    real: str = (
        "Postgres with psql, pg_dump and pg_restore; barman-cloud, rclone as the gateway, versitygw as the target"
    )
    played: str = "kubectl with its plugin cnpg, the operator, the pods of Gitea, and make preview and up"
    symptom: Sequence[str] = ()
    archive: int = 1
    held_off: bool = False
    beside: dict[str, Postgres] = field(default_factory=dict)
    _log: list[str] = field(default_factory=list)
    _stopped: bool = False

    def strike(self) -> None:
        """Rows, a base backup, more rows, then the disaster."""
        own = self.site.archive(1)
        self.postgres.initialise(own.archive_command)
        own.check_empty()
        self.postgres.start()
        self.postgres.ask("CREATE DATABASE gitea")
        create = "CREATE TABLE repository (id serial PRIMARY KEY, name text, updated_unix bigint)"
        self._gitea(f"{create}; {_insert('kitchen')}")
        own.back_up("backup-1", {"PGHOST": str(self.postgres.folder)})
        self._gitea(_insert("garden"))
        time.sleep(2 * _MARGIN)
        if self.kind is Disaster.MISTAKE:
            self._said("DELETE FROM repository: 2 rows, by an administrator")
            self._gitea("DELETE FROM repository")
            time.sleep(2 * _MARGIN)
            # What came later, of another service, has to stay.
            self.postgres.ask("CREATE TABLE later (value text); INSERT INTO later VALUES ('harbor')")
            seen = [
                "people say that every repository of Gitea is gone, since today; Harbor goes on",
                "$ kubectl -n gitea logs deployment/gitea",
                *self._log,
            ]
        else:
            self._gitea(_insert("workshop"))
            self.postgres.archive()
            self.postgres.stop()
            shutil.rmtree(self.postgres.data)
            self._said("dial tcp: connect: connection refused: postgres-rw.databases.svc.cluster.local:5432")
            seen = ["alert PostgresDown", "$ kubectl -n databases get pods", *self._pods().text.splitlines()]
            seen += ["the disks of both volumes are broken"]
        if self.kind is Disaster.MISTAKE:
            self.postgres.archive()
        self.symptom = seen

    def _said(self, text: str) -> None:
        self._log.append(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}")

    def _gitea(self, statement: str) -> str:
        return self.postgres.ask(f"\\connect gitea\n{statement}")

    def _runs(self) -> bool:
        with suppress(BackupError):
            return self.postgres.data.exists() and self.postgres.ask("SELECT 1") == "1"
        return False

    def rows(self) -> Mapping[str, str]:
        """See Scene."""
        wanted = _BEFORE if self.kind is Disaster.MISTAKE else _LATER
        found, held = "", False
        if self._runs():
            with suppress(BackupError):
                found = self._gitea(_ROWS)
            with suppress(BackupError):
                held = self.kind is Disaster.DATABASES or self.postgres.ask("SELECT value FROM later") == "harbor"
        scaled = "scaled down" if self._stopped else "kept away: recovery.holdOff" if self.held_off else ""
        rows = {
            "postgres": "" if self._runs() else "no instance runs",
            "gitea": scaled,
            "its repositories": "" if found == wanted else f"{found or 'none'}; there were {wanted}",
        }
        if self.kind is Disaster.MISTAKE:
            rows["what other services wrote since"] = "" if held else "gone"
            rows["clusters"] = f"{', '.join(self.beside)} is still there beside postgres" if self.beside else ""
        return rows

    def answer(self, asked: Asked) -> Answer | None:
        """See Scene."""
        if asked.program == "make":
            return self._make(asked)
        if asked.program != "kubectl":
            return None
        if asked.namespace == "gitea":
            return self._of_gitea(asked.words, asked)
        known: dict[str, Callable[[], Answer | None]] = {
            "cnpg status": self._status,
            "cnpg backup": self._backed_up,
            "cnpg psql": lambda: self._program(self.postgres, ("psql", *asked.inside)),
            "exec": lambda: self._inside(asked),
            "apply": lambda: self._applied(asked.given),
            "delete": lambda: self._deleted(asked.words[-1].rpartition("/")[2]),
            "wait": lambda: Answer(text=f"{asked.words[1]} condition met"),
            "get": lambda: self._got(asked),
        }
        words = " ".join(asked.words[:2]), next(iter(asked.words), "")
        return next((known[one]() for one in words if one in known), None)

    def _of_gitea(self, words: Sequence[str], asked: Asked) -> Answer | None:
        if words[:1] == ("logs",):
            return Answer(text="\n".join(self._log))
        if words[:1] == ("scale",):
            self._stopped = asked.flags.get("replicas") == "0"
            return Answer(text="deployment.apps/gitea scaled")
        if words[:1] == ("get",):
            ready = int(self._runs() and not self._stopped)
            return table("NAME|READY|STATUS", f"gitea-5d8c|{ready}/1|{'Running' if not self._stopped else 'Completed'}")
        return None

    def _got(self, asked: Asked) -> Answer | None:
        kind = asked.words[1].partition("/")[0].partition(".")[0].rstrip("s")
        output = asked.flags.get("output", "")
        if kind in ("pod", "po"):
            return self._pods()
        if kind == "objectstore":
            return Answer(text=self._window())
        if kind == "backup":
            taken = (f"{one.id}|postgres|plugin|completed|{one.ended:%Y-%m-%dT%H:%M:%SZ}" for one in self._bases())
            return table("NAME|CLUSTER|METHOD|PHASE|STOPPED AT", *taken)
        if kind == "cluster" and output == "json":
            return Answer(text=json.dumps(self._cluster()))
        if kind == "cluster":
            well = "Cluster in healthy state"
            lost = "Cluster is unrecoverable and needs manual intervention"
            own = f"postgres|2|2|{well}" if self._runs() else f"postgres|2|0|{lost}"
            return table("NAME|INSTANCES|READY|STATUS", own, *(f"{name}|1|1|{well}" for name in self.beside))
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

    def _pods(self) -> Answer:
        state = ("1/1", "Running") if self._runs() else ("0/1", "Pending")
        return table("NAME|READY|STATUS", *(f"postgres-{number}|{state[0]}|{state[1]}" for number in (1, 2)))

    def _status(self) -> Answer:
        well = self._runs()
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
        self.site.archive(self.archive).back_up(name, {"PGHOST": str(self.postgres.folder)})
        return Answer(text=f"backup/{name} created, and it is completed")

    def _program(self, server: Postgres, words: Sequence[str]) -> Answer:
        if not self._runs():
            return Answer(text='pods "postgres-1" not found', code=1)
        name, *rest = words
        line = [str(server.programs / name), "--host", str(server.folder), "--username", "postgres", *rest]
        return Answer(program=line)

    def _inside(self, asked: Asked) -> Answer | None:
        pod = asked.words[1]
        server = self.beside.get(pod.rpartition("-")[0]) or (self.postgres if pod.startswith("postgres-") else None)
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

    def _make(self, asked: Asked) -> Answer | None:
        target = next(iter(asked.words), "")
        if target not in ("preview", "up"):
            return None
        wanted = self.ground.settings().databases
        source = wanted.recovery
        if wanted.archive == self.archive or source is None:
            self.held_off = bool(source and source.hold_off) and target == "up"
            kept = "kept away" if self.held_off else "let in"
            return Answer(text=f"{target}: postgres-cluster is the same; services are {kept}")
        said = f"postgres-cluster is replaced: its volumes are DELETED, and it is made of {server_name(source.archive)}"
        if target == "preview":
            return Answer(text=f"preview: {said}")
        self.postgres.destroy()
        self.postgres = self.site.postgres(f"postgres-{wanted.archive}", wanted.archive)
        self.archive, self.held_off = wanted.archive, source.hold_off
        recover(self.site, self.postgres, wanted.archive, _moment(source.time), source.archive)
        return Answer(text=f"up: {said}. It is ready")

    def respond(self, request: Request) -> Reply:
        """See Scene."""
        return Reply(200 if request.path == "/readyz" else 404, {})


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _insert(name: str) -> str:
    values = f"('{name}', extract(epoch FROM now())::bigint)"
    return f"INSERT INTO repository (name, updated_unix) VALUES {values}"  # noqa: S608 (names of this module)


@contextmanager
def staged(ground: Ground, server: S3Server, kind: Disaster) -> Iterator[DatabasesScene]:
    """The disaster of that kind; raises BackupError where a program is missing."""
    place = ground.folder / "stage"
    place.mkdir()
    with site.staged(place, cluster=STACK, outside=server) as made:
        scene = DatabasesScene(ground=ground, site=made, postgres=made.postgres("postgres-1", 1), kind=kind)
        try:
            scene.strike()
            yield scene
        finally:
            for one in scene.postgres, *scene.beside.values():
                one.stop()
