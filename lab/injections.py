"""Faults that hit one resource once, at one moment of its life: what `make assurance` plants, and what it asks of.

`lab.faults` stages what goes wrong by kind and name for as long as it is staged. An injection is planted for a URN and
a moment, is gone when it has struck, and leaves a note that it did, so that none is counted that never came about.
"""

from __future__ import annotations

from typing import Final, Literal

from lab.world import World

Moment = Literal["create", "update", "delete"]
How = Literal["refused", "timeout", "killed"]
"""`refused`: answered with an error, and nothing was done. `timeout`: done, but not ready in time, as both kinds of
providers tell it (ErrorResourceInitFailed: pulumi-kubernetes after an await, the Terraform bridge for an error beside
an id). `killed`: done, and the answer never comes, for an operation that is killed meanwhile."""

PLANTED: Final = "injections/planted"
STRUCK: Final = "injections/struck"
_AGED: Final = "injections/aged"


class Injections:
    """The planted faults of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def plant(self, moment: Moment, urn: str, how: How) -> None:
        """Let it go wrong once; an update is brought about by answering its comparison with a difference (`age`)."""
        self._world.put(PLANTED, f"{moment} {urn}", {"how": how})
        if moment == "update":
            self.age(urn)

    def strikes(self, moment: Moment, urn: str, *how: How) -> bool:
        """Whether one of these goes wrong now; it does so once."""
        key = f"{moment} {urn}"
        with self._world.transaction():
            found = self._world.get(PLANTED, key)
            if found is None or found["how"] not in how:
                return False
            self._world.put(STRUCK, key, found)
            self._world.delete(PLANTED, key)
            return True

    def age(self, urn: str) -> None:
        """Let its provider find a difference until an update ends well, as a new release with another default does."""
        self._world.put(_AGED, urn, {})

    def aged(self, urn: str) -> bool:
        """Whether its provider finds a difference where the inputs have none."""
        return urn in self._world.view(_AGED)

    def renewed(self, urn: str) -> None:
        """An update ended well."""
        self._world.delete(_AGED, urn)

    def taken(self) -> frozenset[str]:
        """URNs that were struck since this was asked the last time; what did not strike is taken back."""
        found = frozenset(key.partition(" ")[2] for key in self._world.keys(STRUCK))
        for key in self._world.keys(PLANTED):
            self.renewed(key.partition(" ")[2])
        for table in (PLANTED, STRUCK):
            for key in self._world.keys(table):
                self._world.delete(table, key)
        return found
