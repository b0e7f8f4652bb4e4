"""The disaster of the control plane, on three real members of etcd: two machines are gone with their disks."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from components.backup.etcd import SNAPSHOT
from doubles.loopback import Reply, Request
from lib.runbooks import path
from settings.model import Settings
from tools.backups import etcd_bench, outside
from tools.backups.etcd_bench import EtcdBench
from tools.backups.store import BackupError
from tools.databases.s3 import S3Server
from tools.databases.site import BUCKET
from tools.game_day import members
from tools.game_day.control_planes import ControlPlanes
from tools.game_day.ground import Ground
from tools.game_day.making import STACK
from tools.game_day.members import Member
from tools.game_day.scene import Answer, Asked, Disaster, table

_PEOPLE, _LATER = "/registry/configmaps/default/of-people", "/registry/configmaps/gitea/of-the-program"
_WELL = "made by hand, before the backup"


@dataclass
class EtcdScene:
    """See Scene."""

    ground: Ground
    settings: Settings
    bench: EtcdBench
    planes: ControlPlanes
    real: str = (
        "etcd, one member for each control plane, and etcdutl; age, rclone and versitygw, by which its backup was made"
    )
    played: str = "talosctl, the machines, kubectl, and make up, drift and access"
    symptom: Sequence[str] = ()
    _preparing: set[str] = field(default_factory=set)

    def strike(self) -> None:
        """Three members, a backup of them, something written later, then two are gone."""
        for one in self.planes.machines:
            one.start(self.planes.machines, "new")
        members.waited(lambda: self.planes.leader() is not None, "etcd does not come up")
        server = self.planes.machines[0].server
        server.put(_PEOPLE, _WELL)
        self.bench.back_up_from(server)
        server.put(_LATER, "made by the program, after the backup")
        for one in self.planes.machines[1:]:
            one.wipe()
            one.there = False
        members.waited(lambda: self.planes.leader() is None, "two of three members are gone, and etcd goes on")
        names = " and ".join(one.name for one in self.planes.machines[1:])
        self.symptom = [
            "alert EtcdWithoutLeader",
            "$ kubectl get nodes",
            self._unreachable().text,
            f"the host of {names} burned: its disks are gone, and so are the machines; everything else is as it was",
        ]

    def _unreachable(self) -> Answer:
        vip = self.settings.network.vip
        return Answer(text=f"Unable to connect to the server: dial tcp {vip}:6443: connect: no route to host", code=1)

    def rows(self) -> Mapping[str, str]:
        """See Scene."""
        leader, held, later, joined = self.planes.leader(), None, None, 0
        if leader is not None:
            with suppress(BackupError):
                held, later = leader.server.get(_PEOPLE), leader.server.get(_LATER)
                joined = len(leader.server.members())
        of = len(self.planes.machines)
        snapshot = self.ground.engine.results / SNAPSHOT
        return {
            "kubernetes-api": "" if leader is not None else "does not answer",
            "etcd": "no leader"
            if leader is None
            else ""
            if joined == of
            else f"{joined} of {of} members, with a leader",
            "what people made": "" if held == _WELL else "not there",
            "what the program made since": ""
            if later
            else f"not there: make drift STACK={STACK}, make up STACK={STACK}",
            "the snapshot on this machine": f"build/{STACK}/{SNAPSHOT} holds every Secret" if snapshot.exists() else "",
        }

    def answer(self, asked: Asked) -> Answer | None:
        """See Scene."""
        if asked.program == "make":
            return self._make(asked)
        if asked.program == "kubectl":
            return self._kubectl(asked)
        return self.planes.talosctl(asked)

    def _kubectl(self, asked: Asked) -> Answer | None:
        if self.planes.leader() is None:
            return self._unreachable()
        if asked.words[:2] in (("get", "nodes"), ("get", "node")):
            ready = [(one.name, one.leads_or_follows()) for one in self.planes.machines]
            return table(
                "NAME|STATUS|ROLES",
                *(f"{name}|{'Ready' if well else 'NotReady'}|control-plane" for name, well in ready),
            )
        return None

    def _make(self, asked: Asked) -> Answer | None:
        target = next(iter(asked.words), "")
        if target == "access":
            return Answer(text=f"export TALOSCONFIG=build/access/{STACK}/talosconfig")
        if target == "drift":
            leader = self.planes.leader()
            gone = leader is not None and leader.server.get(_LATER) is None
            return Answer(
                text=f"drift: {'1 object of the program is gone: gitea/of-the-program' if gone else 'nothing'}"
            )
        return self._up(asked) if target == "up" else None

    def _up(self, asked: Asked) -> Answer:
        leader = self.planes.leader()
        made = [one for one in self.planes.machines if not one.there]
        if leader is None and "cluster-down" not in asked.flags:
            said = "the Kubernetes API of this stack does not answer, so nothing was begun"
            return Answer(text=f"up: {said}\nrunbook: {path('lost-cluster.md')}", code=1)
        for one in made:
            one.there = True
        text = [f"up: {one.name} is made anew, with the configuration and the keys of the state" for one in made]
        if leader is not None:
            members.joined(leader, [one for one in made if not one.runs])
            leader.server.put(_LATER, "made by the program, again")
            text.append("up: what the program made since the snapshot is there again")
        return Answer(text="\n".join(text or ["up: nothing that could be done while the cluster is down"]))

    def respond(self, request: Request) -> Reply:
        """See Scene."""
        if self.planes.leader() is None:
            return Reply(503, {})
        return Reply(200 if request.path == "/readyz" else 404, {})


@contextmanager
def staged(ground: Ground, server: S3Server, kind: Disaster) -> Iterator[EtcdScene]:
    """The disaster; raises BackupError where a program is missing."""
    place, settings = ground.folder / "stage", ground.settings()
    if settings.talos is None:
        raise BackupError(f"{kind}: the cluster has no control planes of this program")
    place.mkdir()
    machines = [
        Member(name=node.name, address=str(node.address), data=place / node.name)
        for node in settings.talos.control_plane.nodes
    ]
    with etcd_bench.bench(settings, place, outside.bucket(server, BUCKET, STACK)) as bench:
        shutil.copy(ground.key, bench.key)
        scene = EtcdScene(ground=ground, settings=settings, bench=bench, planes=ControlPlanes(machines, ground.folder))
        try:
            scene.strike()
            yield scene
        finally:
            for one in machines:
                one.stop()
