"""Disasters of Postgres, on a real server: its volumes are lost, or somebody deleted what one service kept."""

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
from tools.databases.s3 import S3Server
from tools.game_day.ground import Ground
from tools.game_day.making import STACK
from tools.game_day.postgres_cluster import PostgresCluster
from tools.game_day.scene import Answer, Asked, Disaster, table

_ROWS = "SELECT coalesce(string_agg(name, ' ' ORDER BY id), '') FROM repository"
_BEFORE, _LATER = "kitchen garden", "kitchen garden workshop"
_MARGIN = 1.0
"""Seconds around what happens, so that a time without a fraction tells them apart."""


@dataclass
class DatabasesScene:
    """See Scene."""

    ground: Ground
    cluster: PostgresCluster
    kind: Disaster
    real: str = (
        "Postgres with psql, pg_dump and pg_restore; barman-cloud, rclone as the gateway, versitygw as the target"
    )
    played: str = "kubectl with its plugin cnpg, the operator, the pods of Gitea, and make preview and up"
    symptom: Sequence[str] = ()
    held_off: bool = False
    _log: list[str] = field(default_factory=list)
    _stopped: bool = False

    def strike(self) -> None:
        """Rows, a base backup, more rows, then the disaster."""
        own = self.cluster.site.archive(1)
        self.cluster.primary.initialise(own.archive_command)
        own.check_empty()
        self.cluster.primary.start()
        self.cluster.primary.ask("CREATE DATABASE gitea")
        create = "CREATE TABLE repository (id serial PRIMARY KEY, name text, updated_unix bigint)"
        self.cluster.gitea(f"{create}; {_insert('kitchen')}")
        own.back_up("backup-1", {"PGHOST": str(self.cluster.primary.folder)})
        self.cluster.gitea(_insert("garden"))
        time.sleep(2 * _MARGIN)
        if self.kind is Disaster.MISTAKE:
            self._said("DELETE FROM repository: 2 rows, by an administrator")
            self.cluster.gitea("DELETE FROM repository")
            time.sleep(2 * _MARGIN)
            # What came later, of another service, has to stay.
            self.cluster.primary.ask("CREATE TABLE later (value text); INSERT INTO later VALUES ('harbor')")
            self.cluster.primary.archive()
            seen = [
                "people say that every repository of Gitea is gone, since today; Harbor goes on",
                "$ kubectl -n gitea logs deployment/gitea",
                *self._log,
            ]
        else:
            self.cluster.gitea(_insert("workshop"))
            self.cluster.primary.archive()
            self.cluster.primary.stop()
            shutil.rmtree(self.cluster.primary.data)
            self._said("dial tcp: connect: connection refused: postgres-rw.databases.svc.cluster.local:5432")
            seen = ["alert PostgresDown", "$ kubectl -n databases get pods", *self.cluster.pods().text.splitlines()]
            seen += ["the disks of both volumes are broken"]
        self.symptom = seen

    def _said(self, text: str) -> None:
        self._log.append(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}")

    def rows(self) -> Mapping[str, str]:
        """See Scene."""
        wanted = _BEFORE if self.kind is Disaster.MISTAKE else _LATER
        found, beside = self._asked(lambda: self.cluster.gitea(_ROWS)), ", ".join(self.cluster.beside)
        rows = {
            "postgres": "" if self.cluster.runs else "no instance runs",
            "gitea": "scaled down" if self._stopped else "kept away: recovery.holdOff" if self.held_off else "",
            "its repositories": "" if found == wanted else f"{found or 'none'}; there were {wanted}",
        }
        if self.kind is Disaster.MISTAKE:
            later = self._asked(lambda: self.cluster.primary.ask("SELECT value FROM later"))
            rows["what other services wrote since"] = "" if later == "harbor" else "gone"
            rows["clusters"] = f"{beside} is still there beside postgres" if beside else ""
        return rows

    @staticmethod
    def _asked(ask: Callable[[], str]) -> str:
        with suppress(BackupError):
            return ask()
        return ""

    def answer(self, asked: Asked) -> Answer | None:
        """See Scene."""
        if asked.program == "make":
            return self._make(asked)
        places = {"gitea": self._of_gitea, "databases": self.cluster.kubectl}
        # What is applied says itself where it belongs.
        place = "databases" if asked.words[:1] == ("apply",) else asked.namespace
        return places[place](asked) if asked.program == "kubectl" and place in places else None

    def _of_gitea(self, asked: Asked) -> Answer | None:
        words = asked.words
        if words[:1] == ("logs",):
            return Answer(text="\n".join(self._log))
        if words[:1] == ("scale",):
            self._stopped = asked.flags.get("replicas") == "0"
            return Answer(text="deployment.apps/gitea scaled")
        if words[:1] == ("wait",):
            return Answer(
                text="pod/gitea-5d8c condition met" if self._stopped else "timed out", code=int(not self._stopped)
            )
        if words[:2] == ("get", "deployment"):
            count = 0 if self._stopped else 1
            return table("NAME|READY|UP-TO-DATE", f"gitea|{int(self.cluster.runs) * count}/{count}|{count}")
        if words[:1] == ("get",):
            ready = int(self.cluster.runs and not self._stopped)
            return table("NAME|READY|STATUS", f"gitea-5d8c|{ready}/1|{'Running' if not self._stopped else 'Completed'}")
        return None

    def _make(self, asked: Asked) -> Answer | None:
        target = next(iter(asked.words), "")
        if target not in ("preview", "up"):
            return None
        wanted = self.ground.settings().databases
        source = wanted.recovery
        if wanted.archive == self.cluster.archive or source is None:
            self.held_off = bool(source and source.hold_off) and target == "up"
            kept = "kept away" if self.held_off else "let in"
            return Answer(text=f"{target}: postgres-cluster is the same; services are {kept}")
        said = f"postgres-cluster is replaced: its volumes are DELETED, and it is made of {server_name(source.archive)}"
        if target == "preview":
            return Answer(text=f"preview: {said}")
        self.held_off = source.hold_off
        self.cluster.made_anew(wanted.archive, source.archive, source.time)
        return Answer(text=f"up: {said}. It is ready")

    def respond(self, request: Request) -> Reply:
        """See Scene."""
        return Reply(200 if request.path == "/readyz" else 404, {})


def _insert(name: str) -> str:
    values = f"('{name}', extract(epoch FROM now())::bigint)"
    return f"INSERT INTO repository (name, updated_unix) VALUES {values}"  # noqa: S608 (names of this module)


@contextmanager
def staged(ground: Ground, server: S3Server, kind: Disaster) -> Iterator[DatabasesScene]:
    """The disaster of that kind; raises BackupError where a program is missing."""
    place = ground.folder / "stage"
    place.mkdir()
    with site.staged(place, cluster=STACK, outside=server) as made:
        cluster = PostgresCluster(site=made, primary=made.postgres("postgres-1", 1))
        scene = DatabasesScene(ground=ground, cluster=cluster, kind=kind)
        try:
            scene.strike()
            yield scene
        finally:
            cluster.end()
