"""The network: addresses, names, and whoever must be reached from the machine that deploys."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from urllib.parse import urlsplit

from lib.charts import Catalogue, Chart
from register.charts import needed
from settings.model import Settings
from tools.cluster import ClusterError, api
from tools.doctor.findings import Finding, UnaskedError, failed, ok, skipped
from tools.doctor.site import Site

_ACCESS = "docs/runbooks/proxmox-access.md, Who must reach whom"
_PARALLEL = 16
_TALOS, _KUBERNETES, _VAULT, _HTTPS = 50000, 6443, 8200, 443


def addresses(site: Site) -> Iterator[Finding]:
    """Whether nobody has the addresses of what is still to be made."""
    _, talos = site.machines
    network, balancers = site.settings.network, site.settings.network.load_balancers
    wanted = {str(node.address): node.name for node in talos.nodes if node.vm_id not in site.made}
    if not site.bootstrapped:
        wanted[str(network.vip)] = "network.vip"
    if not site.brought_up and not site.bootstrapped:
        fixed = balancers.model_dump(by_alias=True, exclude={"first", "last"}, exclude_none=True)
        wanted |= {str(address): f"network.loadBalancers.{name}" for name, address in fixed.items()}
    if not wanted:
        raise UnaskedError("everything that has one is there")
    with ThreadPoolExecutor(_PARALLEL) as pool:
        *answering, gateway = pool.map(site.reach.answers, [*wanted, str(network.gateway)])
    taken = [(address, whose) for (address, whose), found in zip(wanted.items(), answering, strict=True) if found]
    for address, whose in taken:
        yield failed(f"a machine answers at {address}, which is for {whose}", f"give {whose} a free address")
    if not taken and gateway:
        yield ok(f"nobody answers at the {len(wanted)} addresses of what is still to be made")
    elif not taken:
        yield skipped(f"nothing answers from here, nor does the gateway {network.gateway}: nobody can tell")


def names(site: Site) -> Iterator[Finding]:
    """Whether each host leads where the platform listens, by the DNS of this machine."""
    settings, dns = site.settings, site.settings.dns
    own = {host for host in settings.addresses if dns.enabled and dns.zone_of(host)}
    asked = {host: at for host, at in sorted(settings.addresses.items()) if site.brought_up or host not in own}
    unknown: dict[str, list[str]] = {}
    elsewhere: list[Finding] = []
    for host, address in asked.items():
        found = site.reach.resolves(host)
        if not found:
            unknown.setdefault(_mend(settings, host, address), []).append(host)
        elif found != {str(address)}:
            elsewhere.append(failed(f"{host} leads to {', '.join(sorted(found))}", _mend(settings, host, address)))
    yield from (failed(f"not known here: {', '.join(hosts)}", fix) for fix, hosts in unknown.items())
    yield from elsewhere
    if asked and not unknown and not elsewhere:
        yield ok(f"{len(asked)} lead where they must")
    if len(asked) < len(settings.addresses):
        yield skipped(f"the cluster itself answers for {', '.join(sorted(dns.zones))}: not up yet")


def _mend(settings: Settings, host: str, address: IPv4Address) -> str:
    zone = settings.dns.zone_of(host) if settings.dns.enabled else None
    if zone:
        return f"delegate {zone} to {settings.network.load_balancers.dns}, or forward it there (README, Names)"
    return f"point it at {address} in the DNS of your LAN (README, Names)"


def upstream(site: Site) -> Iterator[Finding]:
    """Whether the Image Factory and the repositories of charts are reached from here."""
    settings = site.settings
    urls = {f"https://{settings.talos.factory}/": "talos.factory"} if settings.talos is not None else {}
    charts = Catalogue(mirror=settings.charts.mirror, versions=settings.charts.versions)
    urls |= dict.fromkeys(_repositories(charts[name] for name in needed(settings)), "charts")
    with ThreadPoolExecutor(_PARALLEL) as pool:
        reasons = list(pool.map(site.reach.serves, urls))
    missed: dict[str, list[str]] = {}
    for url, reason in zip(urls, reasons, strict=True):
        if reason:
            missed.setdefault(reason, []).append(f"{urlsplit(url).netloc} ({urls[url]})")
    for reason, where in missed.items():
        fix = f"let this machine reach them, or name a mirror ({_ACCESS})"
        yield failed(f"no answer from {', '.join(where)}: {reason}", fix)
    if not missed:
        yield ok(f"{', '.join(sorted(urlsplit(url).netloc for url in urls))} answer")


def _repositories(charts: Iterable[Chart]) -> Iterator[str]:
    """URLs of the registries and repositories, without paths; a directory needs no network."""
    for chart in charts:
        parts = urlsplit(chart.repository)
        if parts.scheme in ("oci", "https", "http"):
            yield f"{parts.scheme.replace('oci', 'https')}://{parts.netloc}/{'v2/' if parts.scheme == 'oci' else ''}"


def reached(site: Site) -> Iterator[Finding]:
    """Whether what is up already is reached from here."""
    settings = site.settings
    wanted = list(_listeners(site))
    for up, what, host, port in wanted:
        reason = site.reach.connects(host, port) if up else ""
        if reason:
            yield failed(f"{what} at {host}, {port}/tcp: {reason}", f"let this machine reach it ({_ACCESS})")
        elif up:
            yield ok(f"{what} answers at {host}, {port}/tcp")
    if settings.talos is None:
        yield _existing(site)
    later = [f"{what} ({host}:{port})" for up, what, host, port in wanted if not up]
    if later:
        yield skipped(f"not up yet: {', '.join(later)}")


def _listeners(site: Site) -> Iterator[tuple[bool, str, str, int]]:
    """Whether it is up, what it is, host and port."""
    settings = site.settings
    if settings.talos is not None:
        for node in settings.talos.nodes:
            yield node.vm_id in site.made, f"Talos on {node.name}", str(node.address), _TALOS
        yield site.bootstrapped, "the Kubernetes API", str(settings.network.vip), _KUBERNETES
    vault, identity = urlsplit(settings.vault.address or ""), urlsplit(settings.identity.url or "")
    port = vault.port or (_HTTPS if vault.hostname else _VAULT)
    yield site.brought_up, "Vault", str(vault.hostname or settings.network.load_balancers.vault), port
    yield site.brought_up, "Authentik", str(identity.hostname or settings.identity.host), identity.port or _HTTPS


def _existing(site: Site) -> Finding:
    existing, kubeconfig = site.settings.cluster.existing, site.secrets.get("kubeconfig")
    if existing is None or kubeconfig is None:
        return skipped("the Kubernetes API: the secret kubeconfig is not known")
    try:
        silence = api(kubeconfig, existing.context).silence()
    except ClusterError as error:
        return failed(f"the Kubernetes API: {error}", "set it again: pulumi config set --secret kubeconfig")
    fix = "let this machine reach it, or set another kubeconfig"
    return failed(f"the Kubernetes API: {silence}", fix) if silence else ok("the Kubernetes API answers")
