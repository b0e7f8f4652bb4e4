"""The order of a restore: which parts, and what lies between them where everything is to come back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from components.backup.target import Part as Folder
from lib.secret_state import resources
from tools import recreate
from tools.backups import databases, state, volumes
from tools.backups.part import Site, Step, Wanted
from tools.backups.registry import PARTS
from tools.backups.store import BackupError

ALL = "all"
_BRING_UP_MINUTES = 40


def steps(site: Site, what: str, wanted: Wanted, confirmed: str, begun: datetime) -> Sequence[Step]:
    """What is done to have `what` back: a part, a service, a volume of a chain, or everything; raises BackupError.

    A new platform is backed up as well, so where everything is wanted, what is younger than the restore is none of it.
    """
    parts = {part.name: part for part in PARTS}
    services = site.settings.enabled_services
    if what == ALL:
        return list(_everything(site, wanted, confirmed, begun))
    if what in parts:
        return parts[what].plan(site, wanted)
    if what in services:
        only = replace(wanted, service=what)
        found = [step for part in PARTS if part.of_services for step in part.plan(site, only)]
        if found:
            return found
        raise BackupError(f"of {what} alone nothing is backed up")
    of_chains = [name for chain in site.settings.chains.values() for name in chain.volumes]
    if what in of_chains:
        return volumes.plan(site, replace(wanted, service=what))
    names = ", ".join([*parts, *services, *of_chains, ALL])
    raise BackupError(f"WHAT={what or '?'} is nothing that is backed up; say one of: {names}")


def _everything(site: Site, wanted: Wanted, confirmed: str, begun: datetime) -> Iterator[Step]:
    """The state, the machines with the platform, then what they held."""
    stack, gone = site.engine.stack, site.connect() is None
    for part in (one for one in PARTS if one.with_all):
        if part.name == Folder.DATABASES:
            # Postgres takes no time for a target that its log does not reach. A platform that is made anew brings it.
            yield from () if gone else part.plan(site, replace(wanted, begun=begun))
            continue
        if part.name != state.NAME:
            yield from part.plan(site, replace(wanted, at=wanted.at or begun))
            continue
        if wanted.replace or not any(resources(site.engine.state() or {})):
            yield from part.plan(site, wanted)
        if gone:
            yield from databases.edit(site, replace(wanted, begun=begun))
            yield _platform(site, stack, confirmed)
    yield Step(does="see that it does its work", minutes=5, command=f"make smoke STACK={stack}")


def _platform(site: Site, stack: str, confirmed: str) -> Step:
    """Machines and platform, known by the same keys."""

    def run() -> None:
        if recreate.main(["--stack", stack, "--cluster-gone", "--confirm", confirmed], site.engine.root):
            raise BackupError("the platform is not up; the lines above say why")

    command = f"make recreate STACK={stack} ARGS=--cluster-gone"
    return Step(
        does="machines and platform, known by the same keys", minutes=_BRING_UP_MINUTES, command=command, run=run
    )
