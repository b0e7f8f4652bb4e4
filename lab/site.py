"""One operation's view of the simulated site: the world, its clock, the staged faults and the controllers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lab.clock import Clock
from lab.faults import Faults
from lab.injections import Injections
from lab.world import World

Controller = Callable[["Site"], None]

# A chain of controllers (claim, pod, job, token, store, secret, ...) is far shorter; more rounds mean they fight.
_ROUNDS = 200


class Site:
    """World, clock, faults and the controllers that react to every change, as in a cluster."""

    def __init__(self, world: World, clock: Clock, controllers: Iterable[Controller] = ()) -> None:
        self.world = world
        self.clock = clock
        self.faults = Faults(world)
        self.injections = Injections(world)
        self._controllers = tuple(controllers)
        self._settled = -1
        self.compared: dict[str, object] = {}  # Reloader's: the records that it has seen, each by its place

    def settle(self) -> None:
        """Run the controllers until none of them changes anything; nothing where they have, and nobody else did."""
        with self.world.transaction():
            for _ in range(_ROUNDS):
                before = self.world.generation
                if before == self._settled:
                    return
                for controller in self._controllers:
                    controller(self)
                if self.world.generation == before:
                    self._settled = before
        raise RuntimeError(f"the simulated controllers never come to rest: they keep writing {self.world.last_written}")
