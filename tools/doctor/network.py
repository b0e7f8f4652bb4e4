"""The network: addresses, names, and whoever must be reached from the machine that deploys."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from lib.charts import Catalogue, Chart
from register.charts import needed
from tools.cluster import ClusterError, api
from tools.doctor.findings import Finding, UnaskedError, failed, ok, skipped
from tools.doctor.site import Site

_ACCESS = "docs/runbooks/proxmox-access.md, Who must reach whom"
_PARALLEL = 16
_TALOS, _KUBERNETES, _VAULT, _HTTPS = 50000, 6443, 8200, 443
_NOT_UP = "not up yet"


def addresses(site: Site) -> Iterator[Finding]:
    """Whether nobody has the addresses of what is still to be made."""
    _, talos = site.machines
    network, balancers = site.settings.network, site.settings.network.load_balancers
    wanted = {str(node.address): node.name for node in talos.nodes if node.vm_id not in site.made}
    if not site.bootstrapped:
        wanted[str(network.vip)] = "network.vip"
    if not site.brought_up and not site.bootstrapped:
        fixed = {"ingress": balancers.ingress, "vault": balancers.vault, "gitSsh": balancers.git_ssh}
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
    settings = site.settings
    wrong = False
    for host, address in sorted(settings.addresses.items()):
        found = site.reach.resolves(host)
        if settings.cluster.existing is not None and found:
            continue  # its load balancers have addresses of their own
        if not found:
            wrong = True
            yield failed(f"{host} is not known here", f"point it at {address} in the DNS of your LAN (README, Names)")
        elif found != {str(address)}:
            wrong = True
            elsewhere = ", ".join(sorted(found))
            yield failed(
                f"{host} leads to {elsewhere}", f"point it at {address} in the DNS of your LAN (README, Names)"
            )
    if not wrong:
        yield ok(f"all {len(settings.addresses)} lead where they must")


def upstream(site: Site) -> Iterator[Finding]:
    """Whether the Image Factory and the repositories of charts are reached from here."""
    settings = site.settings
    urls = {f"https://{settings.talos.factory}/": "talos.factory"} if settings.talos is not None else {}
    charts = Catalogue(mirror=settings.charts.mirror, versions=settings.charts.versions)
    urls |= dict.fromkeys(_repositories(charts[name] for name in needed(settings)), "charts")
    with ThreadPoolExecutor(_PARALLEL) as pool:
        reasons = list(pool.map(site.reach.serves, urls))
    missed = [(url, reason) for url, reason in zip(urls, reasons, strict=True) if reason]
    for url, reason in missed:
        fix = f"let this machine reach it, or name a mirror ({_ACCESS})"
        yield failed(f"{url} ({urls[url]}) does not answer: {reason}", fix)
    if not missed:
        yield ok(f"{', '.join(sorted(str(urlsplit(url).hostname) for url in urls))} answer")


def _repositories(charts: Iterable[Chart]) -> Iterator[str]:
    """URLs of the registries and repositories, without paths; a directory needs no network."""
    for chart in charts:
        parts = urlsplit(chart.repository)
        if parts.scheme in ("oci", "https", "http"):
            yield f"{parts.scheme.replace('oci', 'https')}://{parts.netloc}/{'v2/' if parts.scheme == 'oci' else ''}"


def reached(site: Site) -> Iterator[Finding]:
    """Whether what is up already is reached from here."""
    settings = site.settings
    network, balancers = settings.network, settings.network.load_balancers
    talos = settings.talos
    for node in talos.nodes if talos is not None else ():
        made = node.vm_id in site.made
        yield _reached(site, made, f"Talos on {node.name}", str(node.address), _TALOS)
    if talos is not None:
        yield _reached(site, site.bootstrapped, "the Kubernetes API", str(network.vip), _KUBERNETES)
    else:
        yield _existing(site)
    vault, identity = urlsplit(settings.vault.address or ""), urlsplit(settings.identity.url or "")
    where = str(vault.hostname or balancers.vault), vault.port or (_HTTPS if vault.hostname else _VAULT)
    yield _reached(site, site.brought_up, "Vault", *where)
    where = str(identity.hostname or settings.identity.host), identity.port or _HTTPS
    yield _reached(site, site.brought_up, "Authentik", *where)


def _reached(site: Site, up: bool, what: str, host: str, port: int) -> Finding:
    at = f"{what} at {host}, {port}/tcp"
    if not up:
        return skipped(f"{at}: {_NOT_UP}")
    reason = site.reach.connects(host, port)
    return failed(f"{at}: {reason}", f"let this machine reach it ({_ACCESS})") if reason else ok(f"{at} answers")


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
