"""Failures and delays staged in the world, so tests can see how the program bears them.

A fault names a kind (`Job`, `Release`, `vault:index/mount:Mount`) and a name (metadata.name, release name or logical
name), each possibly a shell pattern, and says what goes wrong. A latency names a kind and its simulated seconds.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final, Literal

from lab.world import Record, World

Effect = Literal["refuse", "never-ready", "fail", "hang"]

_TABLE: Final = "faults"
_LIES: Final = "lies"
_LATENCY: Final = "latency"

# Simulated seconds that creating something takes, about as long as on a small home server; `delay` replaces them.
_USUAL: Final = {
    "FileLegacy": 60.0,
    "VmLegacy": 30.0,
    "ConfigurationApply": 45.0,
    "Bootstrap": 30.0,
    "Command": 90.0,
    "Release": 60.0,
    "Job": 15.0,
    "Cluster": 60.0,
    "Certificate": 5.0,
}


class Faults:
    """The staged faults of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def stage(self, kind: str, name: str, effect: Effect, message: str = "", *, times: int | None = None) -> None:
        """Let `kind` `name` go wrong.

        `refuse`: creating or updating it is answered with an error. `never-ready`: it is there but its readiness never
        comes, so an await runs into its timeout. `fail`: it reports failure (a Job whose pods exit with an error).
        `hang`: it is made, and nobody ever hears so: for an operation that is killed meanwhile.
        `times` ends a `refuse` after so many refusals; other effects last until `clear`.
        """
        key = f"{kind}|{name}|{effect}"
        message = message or f"simulated fault: {kind} {name} {effect}"
        self._world.put(_TABLE, key, {"kind": kind, "name": name, "effect": effect, "message": message, "left": times})

    def clear(self, kind: str = "*", name: str = "*") -> None:
        """Take back the faults staged for exactly this kind and name, or all of them."""
        for key, fault in self._world.table(_TABLE).items():
            if (kind in ("*", fault["kind"])) and (name in ("*", fault["name"])):
                self._world.delete(_TABLE, key)

    def find(self, effect: Effect, kinds: tuple[str, ...], names: tuple[str, ...]) -> str | None:
        """The message of a staged fault that hits one of `kinds` under one of `names`, or None."""
        with self._world.transaction():
            for fault in self._world.view(_TABLE).values():
                if fault["effect"] == effect and _hits(fault, kinds, names):
                    return str(fault["message"])
        return None

    def refusal(self, kinds: tuple[str, ...], names: tuple[str, ...]) -> str | None:
        """As `find` for `refuse`, counting down a limited fault."""
        for key, fault in self._world.table(_TABLE).items():
            if fault["effect"] != "refuse" or not _hits(fault, kinds, names):
                continue
            if fault["left"] is not None:
                fault["left"] -= 1
                if fault["left"] <= 0:
                    self._world.delete(_TABLE, key)
                else:
                    self._world.put(_TABLE, key, fault)
            return str(fault["message"])
        return None

    def lie(self, name: str) -> None:
        """Let the double of a service do something wrong; each does it by its name (doubles/)."""
        self._world.put(_LIES, name, {})

    def lies(self) -> frozenset[str]:
        """What the doubles do wrong."""
        return frozenset(self._world.keys(_LIES))

    def delay(self, kind: str, seconds: float) -> None:
        """Let creating a `kind` (shell pattern) take so many simulated seconds."""
        self._world.put(_LATENCY, kind, {"seconds": seconds})

    def latency(self, kinds: tuple[str, ...]) -> float:
        """Simulated seconds that creating one of `kinds` takes: what was staged, else what is usual."""
        entries = self._world.table(_LATENCY).items()
        staged = [float(entry["seconds"]) for key, entry in entries for kind in kinds if fnmatchcase(kind, key)]
        return max(staged, default=max(_USUAL.get(kind, 0.0) for kind in kinds))


def _hits(fault: Record, kinds: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Whether a fault is meant for one of the kinds and one of the names."""
    hits_kind = any(fnmatchcase(kind, fault["kind"]) for kind in kinds)
    return hits_kind and any(fnmatchcase(name, fault["name"]) for name in names)
