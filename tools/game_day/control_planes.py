"""The control planes as `talosctl` reaches them: machines that are played, with a real etcd on each."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.game_day import members
from tools.game_day.members import Member
from tools.game_day.scene import Answer, Asked, table


@dataclass
class ControlPlanes:
    """The machines; `folder` is the directory in which people work."""

    machines: Sequence[Member]
    folder: Path

    def leader(self) -> Member | None:
        """One that answers reads that need the majority."""
        return next((one for one in self.machines if one.leads_or_follows()), None)

    def talosctl(self, asked: Asked) -> Answer | None:
        """What it does with the machines; None for what is no part of a game day."""
        chosen = [one for one in self.machines if one.address in asked.flags.get("nodes", "").split(",")]
        if not chosen:
            every = ", ".join(f"{one.name} {one.address}" for one in self.machines)
            return Answer(text=f"nodes are not set for the command: use --nodes; control planes are {every}", code=1)
        found = [told for one in chosen if (told := self._told(one, asked)) is not None]
        if not found:
            return None
        return Answer(text="\n".join(one.text for one in found), code=max(one.code for one in found))

    def _told(self, machine: Member, asked: Asked) -> Answer | None:
        if not machine.there:
            said = f"rpc error: code = Unavailable desc = dial tcp {machine.address}:50000: connect: no route to host"
            return Answer(text=f"{machine.address}: {said}", code=1)
        known: dict[str, Callable[[], Answer]] = {
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
        file = self.folder / asked.flags["recover-from"]
        if not file.is_file():
            return Answer(text=f"error opening snapshot file: {asked.flags['recover-from']}: no such file", code=1)
        said = members.recovered(machine, file, skip="recover-skip-hash-check" in asked.flags)
        members.joined(machine, [one for one in self.machines if one is not machine and one.there and not one.runs])
        return Answer(text=said)

    def _copied(self, machine: Member, asked: Asked) -> Answer:
        source = machine.data / Path(asked.words[1]).relative_to("/var/lib/etcd")
        shutil.copy(source, self.folder / Path(asked.words[2]))
        return Answer(text=f"{asked.words[1]} of {machine.name} is in {asked.words[2]}")
