"""What is looked at outside this machine, in the order in which a newcomer mends it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from tools.doctor import existing, git, machines, network, proxmox
from tools.doctor.findings import Finding, UnaskedError, skipped
from tools.doctor.proxmox_api import ProxmoxError
from tools.doctor.site import Site


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that is looked at: its name, what looks, and whether its failures stop an update."""

    name: str
    look: Callable[[Site], Iterable[Finding]]
    stops: bool = True


OUTSIDE = (
    Check(name="Proxmox", look=proxmox.answers),
    Check(name="clock", look=proxmox.clocks),
    Check(name="privileges", look=proxmox.rights),
    Check(name="hosts", look=proxmox.hosts),
    Check(name="VM ids", look=machines.ids),
    Check(name="memory", look=machines.memory),
    Check(name="storage", look=machines.storages),
    Check(name="image of Talos", look=machines.image),
    Check(name="existing cluster", look=existing.cluster),
    Check(name="talosctl", look=machines.talosctl),
    Check(name="addresses", look=network.addresses),
    Check(name="names", look=network.names),
    Check(name="downloads", look=network.upstream),
    # What does not answer may be what the update repairs; whether the Kubernetes API must, preparation decides.
    Check(name="connections", look=network.reached, stops=False),
    Check(name="Git", look=git.repository, stops=False),  # docs/adr/0025-a-commit-holds-back-no-update.md
)


def outside(site: Site, checks: Iterable[Check] = OUTSIDE) -> Iterator[Finding]:
    """What each check finds, as soon as it does; one that cannot look is skipped with the reason."""
    for check in checks:
        try:
            for finding in check.look(site):
                yield replace(finding, check=check.name, stops=check.stops)
        except UnaskedError as error:
            yield replace(skipped(str(error)), check=check.name)
        except ProxmoxError as error:
            yield replace(skipped(f"Proxmox does not say: {error}"), check=check.name)
