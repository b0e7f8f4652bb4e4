"""What there is only one of, so that its loss takes something away from people; known from the stack file alone."""

from collections import Counter
from collections.abc import Iterator

from settings.infrastructure import TalosSettings
from settings.model import Settings
from settings.problem import Problem


def single_points_of_failure(settings: Settings) -> tuple[Problem, ...]:
    """One for each: the key, what there is, what its loss takes away, and what helps. None of them is a mistake."""
    machines = _machines(settings.talos) if settings.talos is not None else ()
    return (*machines, *_platform(settings))


def unchecked_hosts(settings: Settings) -> tuple[Problem, ...]:
    """Hosts with machines of which nobody said what they have; one line for all."""
    if settings.talos is None or settings.proxmox is None:
        return ()
    hosts = sorted({node.host for node in settings.talos.nodes} - set(settings.proxmox.hosts))
    clash = "not among them: whether there is room for the machines is not checked"
    return (Problem("proxmox.hosts", ", ".join(hosts), clash, "declare what is there"),) if hosts else ()


def _machines(talos: TalosSettings) -> Iterator[Problem]:
    controls = Counter(node.host for node in talos.control_plane.nodes)
    hosts, count = {node.host for node in talos.nodes}, controls.total()
    if len(hosts) == 1:
        clash = "runs every machine, so without it nothing runs"
        yield Problem("proxmox", next(iter(hosts)), clash, "spread them over three hosts")
    if count == 1:
        clash = "holds etcd, so without it nothing in the cluster changes or starts anew"
        yield Problem("talos.controlPlane.nodes", "1 node", clash, "use 3, each on a host of its own")
    elif len(hosts) > 1:
        for host, here in controls.items():
            if (count - here) * 2 <= count:
                clash = f"are on {host}, without which etcd has no majority"
                fix = "put each on a host of its own"
                yield Problem("talos.controlPlane.nodes", f"{here} of {count}", clash, fix)
    for what, found in (("node", talos.workload_nodes), ("host", {node.host for node in talos.workload_nodes})):
        if len(found) == 1 and (what == "node" or len(hosts) > 1):
            fix = f"add workers on another {what}"
            yield Problem("talos.workers", f"1 {what}", "carries every workload, which waits until it is back", fix)


def _platform(settings: Settings) -> Iterator[Problem]:
    if settings.databases.instances == 1:
        clash = "holds the databases of every service, which wait until it runs again"
        yield Problem("databases.instances", 1, clash, "use 2 or more")
    if settings.vault.replicas == 1:
        clash = "is one server: while it is away, no secret is renewed or handed out"
        yield Problem("vault.mode", settings.vault.mode, clash, "use ha")
    if settings.identity.replicas == 1:
        clash = "server of Authentik logs people in, and nobody while it starts anew"
        yield Problem("identity.replicas", 1, clash, "use 2 or more")
    if settings.enabled_services:
        clash = "each, with volumes: away while they move to another node, or until their host is back"
        fix = "have volumes on a storage that all hosts share, so that they may move"
        yield Problem(", ".join(settings.enabled_services), "one server", clash, fix)
