"""The disaster of the control plane, on three real members of etcd: two machines are gone with their disks."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

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
from tools.game_day.ground import STACK, Ground
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
    machines: Sequence[Member]
    real: str = (
        "etcd, one member for each control plane, and etcdutl; age, rclone and versitygw, by which its backup was made"
    )
    played: str = "talosctl, the machines, kubectl, and make up, drift and access"
    symptom: Sequence[str] = ()
    _preparing: set[str] = field(default_factory=set)

    def strike(self) -> None:
        """Three members, a backup of them, something written later, then two are gone."""
        for one in self.machines:
            one.start(self.machines, "new")
        members.waited(lambda: self._leader() is not None, "etcd does not come up")
        server = self.machines[0].server
        server.put(_PEOPLE, _WELL)
        self.bench.back_up_from(server)
        server.put(_LATER, "made by the program, after the backup")
        for one in self.machines[1:]:
            one.wipe()
            one.there = False
        members.waited(lambda: self._leader() is None, "two of three members are gone, and etcd goes on")
        names = " and ".join(one.name for one in self.machines[1:])
        self.symptom = [
            "alert EtcdWithoutLeader",
            "$ kubectl get nodes",
            self._unreachable().text,
            f"the host of {names} burned: its disks are gone, and so are the machines; everything else is as it was",
        ]

    def _leader(self) -> Member | None:
        return next((one for one in self.machines if one.leads_or_follows()), None)

    def _unreachable(self) -> Answer:
        vip = self.settings.network.vip
        return Answer(text=f"Unable to connect to the server: dial tcp {vip}:6443: connect: no route to host", code=1)

    def rows(self) -> Mapping[str, str]:
        """See Scene."""
        leader, held, later, joined = self._leader(), None, None, 0
        if leader is not None:
            with suppress(BackupError):
                held, later = leader.server.get(_PEOPLE), leader.server.get(_LATER)
                joined = len(leader.server.members())
        of = len(self.machines)
        snapshot = self.ground.engine.results / SNAPSHOT
        return {
            "kubernetes-api": "" if leader is not None else "does not answer",
            "etcd": "" if joined == of else f"{joined} of {of} members, with a leader",
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
        chosen = [one for one in self.machines if one.address in asked.flags.get("nodes", "").split(",")]
        if not chosen:
            every = ", ".join(f"{one.name} {one.address}" for one in self.machines)
            return Answer(text=f"nodes are not set for the command: use --nodes; control planes are {every}", code=1)
        told = [self._told(one, asked) for one in chosen]
        found = [one for one in told if one is not None]
        if not found:
            return None
        return Answer(text="\n".join(one.text for one in found), code=max(one.code for one in found))

    def _told(self, machine: Member, asked: Asked) -> Answer | None:
        if not machine.there:
            said = f"rpc error: code = Unavailable desc = dial tcp {machine.address}:50000: connect: no route to host"
            return Answer(text=f"{machine.address}: {said}", code=1)
        known = {
            "service etcd": lambda: self._service(machine),
            "service": lambda: self._service(machine),
            "etcd members": lambda: self._members(machine),
            "etcd status": lambda: self._members(machine),
            "logs etcd": lambda: self._log(machine),
            "dmesg": lambda: Answer(text=f"{machine.address}: nothing of this disaster"),
            "reset": lambda: self._reset(machine, asked),
            "bootstrap": lambda: self._bootstrap(machine, asked),
            "cp": lambda: self._copied(machine, asked),
        }
        words = asked.words
        key = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        return known[key]() if key in known else None

    def _service(self, machine: Member) -> Answer:
        running = "Running" if machine.runs else "Preparing"
        health = "OK" if machine.leads_or_follows() else "Fail" if machine.runs else "?"
        return Answer(text=f"NODE     {machine.address}\nID       etcd\nSTATE    {running}\nHEALTH   {health}")

    def _members(self, machine: Member) -> Answer:
        if not machine.leads_or_follows():
            said = "etcdserver: no leader" if machine.runs else "service etcd is not running"
            return Answer(text=f"{machine.address}: rpc error: code = Unavailable desc = {said}", code=1)
        found = machine.server.members()
        rows = [f"{machine.address}|{one.name}|{one.peer}|false" for one in self.machines if one.name in found]
        return table("NODE|HOSTNAME|PEER URLS|LEARNER", *rows)

    def _log(self, machine: Member) -> Answer:
        file = machine.data.with_suffix(".log")
        return Answer(text="\n".join(file.read_text(encoding="utf-8").splitlines()[-5:]) if file.exists() else "")

    def _reset(self, machine: Member, asked: Asked) -> Answer:
        if asked.flags.get("graceful") != "false":
            said = "etcd: a member that leaves needs a majority that lets it go; use --graceful=false"
            return Answer(text=f"{machine.address}: {said}", code=1)
        if asked.flags.get("system-labels-to-wipe") != "EPHEMERAL":
            machine.wipe()
            machine.there = False
            return Answer(
                text=f"{machine.address}: everything is wiped, its configuration too: the machine has to be made anew"
            )
        machine.wipe()
        return Answer(text=f"{machine.address}: wiped EPHEMERAL, and booted again")

    def _bootstrap(self, machine: Member, asked: Asked) -> Answer:
        if machine.runs or machine.data.exists():
            said = "rpc error: code = AlreadyExists desc = etcd data directory is not empty"
            return Answer(text=f"{machine.address}: {said}", code=1)
        if "recover-from" not in asked.flags:
            return Answer(
                text=f"{machine.address}: an empty etcd would know nothing of the cluster: --recover-from", code=1
            )
        file = self.ground.folder / asked.flags["recover-from"]
        if not file.is_file():
            return Answer(text=f"error opening snapshot file: {asked.flags['recover-from']}: no such file", code=1)
        said = members.recovered(machine, file, skip="recover-skip-hash-check" in asked.flags)
        members.joined(machine, [one for one in self.machines if one is not machine and one.there and not one.runs])
        return Answer(text=said)

    def _copied(self, machine: Member, asked: Asked) -> Answer:
        source = machine.data / Path(asked.words[1]).relative_to("/var/lib/etcd")
        shutil.copy(source, self.ground.folder / Path(asked.words[2]))
        return Answer(text=f"{asked.words[1]} of {machine.name} is in {asked.words[2]}")

    def _kubectl(self, asked: Asked) -> Answer | None:
        if self._leader() is None:
            return self._unreachable()
        if asked.words[:2] in (("get", "nodes"), ("get", "node")):
            ready = [(one.name, one.leads_or_follows()) for one in self.machines]
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
            gone = self._leader() is not None and self._leader().server.get(_LATER) is None  # type: ignore[union-attr]
            return Answer(
                text=f"drift: {'1 object of the program is gone: gitea/of-the-program' if gone else 'nothing'}"
            )
        return self._up(asked) if target == "up" else None

    def _up(self, asked: Asked) -> Answer:
        leader = self._leader()
        made = [one for one in self.machines if not one.there]
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
        if self._leader() is None:
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
        scene = EtcdScene(ground=ground, settings=settings, bench=bench, machines=machines)
        try:
            scene.strike()
            yield scene
        finally:
            for one in machines:
                one.stop()
