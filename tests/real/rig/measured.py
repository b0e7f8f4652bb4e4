"""The providers of an operation on the rig, in the place of `Rig.serve`, that say what it cost (tools/bench)."""

import resource
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab import recovery
from lab.providers.package import Package
from lab.providers.serving import POOL
from lab.site import Site
from tests.real.rig.serving import Rig
from tests.real.rig.tee import Official
from tools.bench.serving import Cost, Measured, Meter, cpu
from tools.cluster import api


@dataclass(frozen=True)
class Direct:
    """The engine speaks with the official provider itself, and nobody listens.

    For operations that change nothing of which the simulated rest of the site would have to hear. `trivial` as in
    `Measured`.
    """

    rig: Rig
    record: Path
    trivial: bool = False

    def serve(self, packages: Iterable[Package], site: Site) -> tuple[list[Any], str]:
        """Everything but Kubernetes is the lab's."""
        # Whoever asks before an update whether the cluster answers, asks the real one.
        real = api(self.rig.config.read_text(encoding="utf-8"))
        vars(recovery)["_Cluster"] = lambda _: real
        simulated = [one for one in packages if one.name != "kubernetes"]
        (meter, *servers), attachments = Measured(self.record, self.trivial)(simulated, site)
        official = Official.started(self.rig.binary, self.rig.proxy, self.record.with_name("provider.log"))
        return [meter, _Ended(self.record, [official]), *servers], f"{attachments},kubernetes:{official.port}"


@dataclass(frozen=True)
class Beside:
    """As `Rig.serve`: the simulated site hears of everything, and costs what it costs, wall time too."""

    rig: Rig
    record: Path

    def serve(self, packages: Iterable[Package], site: Site) -> tuple[list[Any], str]:
        """Its threads, and what they do in the place of the controllers of charts, are simulated."""
        before = set(threading.enumerate())
        servers, attachments = self.rig.serve(packages, site)
        made = set(threading.enumerate()) - before

        def simulated() -> float:
            return sum(map(_seconds, made | {one for one in threading.enumerate() if one.name.startswith(POOL)}))

        return [Meter(self.record, simulated), _Ended(self.record, servers)], attachments


@dataclass(frozen=True)
class _Ended:
    """Ends the servers; what their processes cost is known then, and added to the record."""

    record: Path
    servers: Sequence[Any]

    def stop(self, grace: float | None) -> None:
        """After the meter."""
        before = cpu(resource.RUSAGE_CHILDREN)
        for one in self.servers:
            one.stop(grace)
        replace(Cost.read(self.record), official=cpu(resource.RUSAGE_CHILDREN) - before).write(self.record)


def _seconds(thread: threading.Thread) -> float:
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident)) if thread.ident and thread.is_alive() else 0
