"""Proxmox VE: whether it lets this program in, and do what it must, on hosts that are there."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from components.proxmox import privileges
from components.proxmox.privileges import Grant
from lib.compatibility import release
from settings.infrastructure import TalosSettings
from tools.doctor.findings import Finding, failed, ok, skipped
from tools.doctor.proxmox_api import ProxmoxApi, ProxmoxError
from tools.doctor.site import Site

ACCESS = "docs/runbooks/proxmox-access.md"
OLDEST = (8, 4)
"""The first with the content type Import for a file that ends in .qcow2."""
CLOCKS = timedelta(minutes=1)

_UNAUTHORIZED = 401


def answers(site: Site) -> Iterator[Finding]:
    """Whether the API answers, with a certificate that is trusted, and takes both tokens."""
    proxmox, _ = site.machines
    error = site.refusal
    if error is not None:
        yield _refused(str(proxmox.endpoint), "proxmoxApiToken", error)
        return
    version = str(site.proxmox.get("version")["version"])
    if release(version)[:2] < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        yield failed(f"{proxmox.endpoint} runs Proxmox VE {version}", f"upgrade it to {wanted} or 9")
        return
    yield ok(f"{proxmox.endpoint} runs Proxmox VE {version} and takes proxmoxApiToken")
    try:
        site.csi.get("version")
    except ProxmoxError as wrong:
        yield _refused(str(proxmox.endpoint), "proxmoxCsiTokenSecret", wrong)
    else:
        yield ok(f"it takes the token {proxmox.csi.token_id}, too")


def _refused(endpoint: str, token: str, error: ProxmoxError) -> Finding:
    if error.certificate:
        fix = f"give Proxmox a certificate that this machine trusts, or write insecure: true below proxmox ({ACCESS})"
        return failed(f"the certificate of {endpoint} is not trusted here: {error}", fix)
    if error.status == _UNAUTHORIZED:
        fix = f"compare with pveum user token list, and set it again: pulumi config set --secret {token} ({ACCESS})"
        return failed(f"{endpoint} does not take {token}: {error}", fix)
    if not error.status:
        fix = "correct proxmox.endpoint (Proxmox itself listens on 8006), or let this machine reach it"
        return failed(f"{endpoint} does not answer: {error}", fix)
    return failed(f"{endpoint} answers {error.status}: {error}", "correct proxmox.endpoint, or look at pveproxy there")


def clocks(site: Site) -> Iterator[Finding]:
    """Whether this machine and Proxmox agree: certificates made here are of no use before their time."""
    theirs = site.proxmox.clock()
    if theirs is None:
        yield skipped("Proxmox does not tell the time")
        return
    apart = abs(site.clock - theirs)
    if apart > CLOCKS:
        seconds = round(apart.total_seconds())
        yield failed(f"{seconds} s apart from that of Proxmox", "set both by NTP (timedatectl, chronyc tracking)")
    else:
        yield ok("the same as that of Proxmox")


def rights(site: Site) -> Iterator[Finding]:
    """Whether each token has the privileges that it needs, path by path."""
    proxmox, _ = site.machines
    yield from _granted(site.proxmox, "proxmoxApiToken", privileges.of_program(site.settings))
    try:
        yield from _granted(site.csi, proxmox.csi.token_id, privileges.of_csi(site.settings, proxmox))
    except ProxmoxError as error:
        yield skipped(f"those of {proxmox.csi.token_id} are not known: {error}")


def _granted(api: ProxmoxApi, token: str, grants: Iterable[Grant]) -> Iterator[Finding]:
    """One line for what is missing of the same on several paths."""
    missing: dict[tuple[str, ...], list[Grant]] = {}
    for grant in grants:
        has = api.privileges(grant.path)
        lacking = tuple(one for one in grant.privileges if one not in has)
        if lacking:
            missing.setdefault(lacking, []).append(grant)
    for lacking, where in missing.items():
        paths = ", ".join(grant.path for grant in where)
        detail = f"{token} lacks {', '.join(lacking)} on {paths} ({where[0].purpose})"
        yield failed(detail, f"add them to its role, and the role to that path or to / ({ACCESS})")
    if not missing:
        yield ok(f"{token} has all that it needs")


def hosts(site: Site) -> Iterator[Finding]:
    """Whether each host of the stack file is there and online, and has the bridge."""
    _, talos = site.machines
    found = {one["node"]: one.get("status") for one in site.proxmox.get("nodes")}
    for host in hosts_of(talos):
        if host not in found:
            there = ", ".join(sorted(found)) or "none"
            yield failed(f"{host} is no node of this Proxmox", f"correct host in talos: here are {there}")
        elif found[host] == "offline":
            yield failed(f"{host} is offline", "start it, or look at pvecm status")
        else:
            yield _bridged(site, host)


def _bridged(site: Site, host: str) -> Finding:
    wanted = site.settings.network.bridge
    try:
        # A token sees only the bridges that it may use, and vnets among them (PVE/API2/Network.pm).
        bridges = sorted(str(one["iface"]) for one in site.proxmox.get(f"nodes/{host}/network", type="any_bridge"))
    except ProxmoxError as error:
        return failed(f"{host} does not say which bridges it has: {error}", f"give the token SDN.Use ({ACCESS})")
    if wanted in bridges:
        return ok(f"{host} is online and has {wanted}")
    fix = f"correct network.bridge, or give the token SDN.Use on it; {host} shows {', '.join(bridges) or 'none'}"
    return failed(f"{host} has no bridge {wanted} that the token may use", fix)


def hosts_of(talos: TalosSettings) -> list[str]:
    """Hosts that run nodes."""
    return sorted({node.host for node in talos.nodes})
