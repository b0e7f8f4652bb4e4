"""A cluster that is already there: whether it has what the platform takes for granted."""

from collections.abc import Iterator, Mapping
from typing import Any

from lib.compatibility import release
from lib.names import INGRESS_CLASS, SystemNamespace
from tools.cluster import Api, ClusterError, api
from tools.doctor.findings import Finding, UnaskedError, failed, ok, skipped
from tools.doctor.site import Site

_OLDEST = (1, 31)
"""Release with `podFailurePolicy` of Jobs for good (Kubernetes' feature gate JobPodFailurePolicy)."""
_OWNER = "meta.helm.sh/release-namespace"


def cluster(site: Site) -> Iterator[Finding]:
    """Its release, the StorageClass of the stack file, whose IngressClass there is, and who gives addresses."""
    there = _api(site)
    try:
        yield from (_version(there), _storage(site, there), _ingress(there), _addresses(site, there))
    except ClusterError as error:
        yield failed(str(error), "pulumi config set --secret kubeconfig: one of an administrator, for cluster.existing")


def _api(site: Site) -> Api:
    existing, kubeconfig = site.settings.cluster.existing, site.secrets.get("kubeconfig")
    if existing is None:
        raise UnaskedError("the stack makes its cluster itself")
    if not kubeconfig:
        raise UnaskedError("kubeconfig is not known")
    try:
        return api(kubeconfig, existing.context)
    except ClusterError as error:
        raise UnaskedError(str(error)) from None


def _version(there: Api) -> Finding:
    version = str(there.get("/version")["gitVersion"])
    if release(version.lstrip("v").partition("+")[0])[:2] < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        return failed(f"it runs Kubernetes {version}, and the platform needs {oldest}", "upgrade the cluster first")
    return ok(f"Kubernetes {version}")


def _storage(site: Site, there: Api) -> Finding:
    wanted = site.settings.storage.class_name
    names = sorted(_named(there, "/apis/storage.k8s.io/v1/storageclasses"))
    if wanted not in names:
        have = f"it has {', '.join(names)}" if names else "it has none: install a driver of volumes"
        return failed(f"there is no StorageClass {wanted} (storage.className)", f"name one that there is; {have}")
    return ok(f"StorageClass {wanted}")


def _ingress(there: Api) -> Finding:
    found = _named(there, "/apis/networking.k8s.io/v1/ingressclasses").get(INGRESS_CLASS)
    owner = (found or {}).get("annotations", {}).get(_OWNER, "nobody that Helm knows")
    if found is not None and owner != SystemNamespace.TRAEFIK:
        fix = f"remove that one: the platform brings its own in {SystemNamespace.TRAEFIK} (k3s: --disable=traefik)"
        return failed(f"IngressClass {INGRESS_CLASS} is that of {owner}", fix)
    return ok(f"IngressClass {INGRESS_CLASS} is {'free' if found is None else 'its own'}")


def _addresses(site: Site, there: Api) -> Finding:
    balancers = site.settings.network.load_balancers
    wanted = {"traefik/traefik": balancers.ingress, "vault/vault-api": balancers.vault}
    given: dict[str, list[str]] = {}
    for one in there.get("/api/v1/services")["items"]:
        if one["spec"].get("type") == "LoadBalancer":
            ingress = one.get("status", {}).get("loadBalancer", {}).get("ingress") or []
            given[f"{one['metadata']['namespace']}/{one['metadata']['name']}"] = [at.get("ip", "") for at in ingress]
    for name, address in wanted.items():
        if given.get(name) and str(address) not in given[name]:
            fix = "correct network.loadBalancers, or have that one given (cluster.existing.addressAnnotation)"
            return failed(f"Service {name} has {', '.join(given[name])}, and the stack file says {address}", fix)
    waiting = sorted(name for name, at in given.items() if not at)
    if waiting and not any(given.values()):
        fix = "install load balancers: docs/try-locally.md says which each kind of cluster has"
        return failed(f"no load balancer serves {', '.join(waiting)}", fix)
    if not given:
        return skipped("no Service of type LoadBalancer is there yet that would show who gives addresses")
    return ok(f"{len(given)} Services of type LoadBalancer have an address")


def _named(there: Api, path: str) -> Mapping[str, Mapping[str, Any]]:
    return {one["metadata"]["name"]: one["metadata"] for one in there.get(path)["items"]}
