"""The one table of Helm charts: name, repository and pinned version of each (inventory checked 2026-11-26)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Chart:
    """A chart of a repository. `repository` is an https:// index, an oci:// base or a directory of .tgz files."""

    name: str
    repository: str
    version: str

    @property
    def release_inputs(self) -> dict[str, Any]:
        """`chart`, `version` and `repository_opts` as `helm.v3.Release` wants them for this kind of repository."""
        if self.repository.startswith("oci://"):
            return {"chart": f"{self.repository}/{self.name}", "version": self.version}
        if self.repository.startswith(("https://", "http://")):
            return {"chart": self.name, "version": self.version, "repository_opts": {"repo": self.repository}}
        return {"chart": f"{self.repository.rstrip('/')}/{self.name}-{self.version}.tgz", "version": self.version}


# The Renovate comment above each row names its data source; a version without one is updated by hand.
TABLE: Mapping[str, Chart] = {
    chart.name: chart
    for chart in (
        # renovate: datasource=helm depName=cilium registryUrl=https://helm.cilium.io
        Chart("cilium", "https://helm.cilium.io", "1.20.2"),
        # renovate: datasource=docker depName=quay.io/jetstack/charts/cert-manager
        Chart("cert-manager", "oci://quay.io/jetstack/charts", "v1.21.1"),
        # renovate: datasource=helm depName=traefik registryUrl=https://traefik.github.io/charts
        Chart("traefik", "https://traefik.github.io/charts", "41.3.0"),
        # renovate: datasource=docker depName=ghcr.io/sergelogvinov/charts/proxmox-csi-plugin
        Chart("proxmox-csi-plugin", "oci://ghcr.io/sergelogvinov/charts", "0.5.9"),
        # renovate: datasource=docker depName=ghcr.io/emberstack/helm-charts/reflector
        Chart("reflector", "oci://ghcr.io/emberstack/helm-charts", "10.0.63"),
        # renovate: datasource=helm depName=reloader registryUrl=https://stakater.github.io/stakater-charts
        Chart("reloader", "https://stakater.github.io/stakater-charts", "2.2.16"),
        # renovate: datasource=helm depName=vault registryUrl=https://helm.releases.hashicorp.com
        Chart("vault", "https://helm.releases.hashicorp.com", "0.34.1"),
        # renovate: datasource=helm depName=external-secrets registryUrl=https://charts.external-secrets.io
        Chart("external-secrets", "https://charts.external-secrets.io", "2.9.0"),
        # renovate: datasource=helm depName=cloudnative-pg registryUrl=https://cloudnative-pg.github.io/charts
        Chart("cloudnative-pg", "https://cloudnative-pg.github.io/charts", "0.29.0"),
        # renovate: datasource=helm depName=plugin-barman-cloud registryUrl=https://cloudnative-pg.github.io/charts
        Chart("plugin-barman-cloud", "https://cloudnative-pg.github.io/charts", "0.7.1"),
        # renovate: datasource=helm depName=valkey registryUrl=https://valkey.io/valkey-helm
        Chart("valkey", "https://valkey.io/valkey-helm", "0.11.0"),
        # renovate: datasource=helm depName=external-dns registryUrl=https://kubernetes-sigs.github.io/external-dns/
        Chart("external-dns", "https://kubernetes-sigs.github.io/external-dns/", "1.21.1"),
        # renovate: datasource=helm depName=authentik registryUrl=https://charts.goauthentik.io
        Chart("authentik", "https://charts.goauthentik.io", "2026.8.3"),
        # renovate: datasource=helm depName=gitea registryUrl=https://dl.gitea.com/charts
        Chart("gitea", "https://dl.gitea.com/charts", "12.6.0"),
        # renovate: datasource=helm depName=harbor registryUrl=https://helm.goharbor.io
        Chart("harbor", "https://helm.goharbor.io", "1.19.2"),
        # renovate: datasource=docker depName=ghcr.io/element-hq/ess-helm/matrix-stack
        Chart("matrix-stack", "oci://ghcr.io/element-hq/ess-helm", "26.8.1"),
        # renovate: datasource=docker depName=ghcr.io/controlplaneio-fluxcd/charts/flux-operator
        Chart("flux-operator", "oci://ghcr.io/controlplaneio-fluxcd/charts", "0.59.0"),
        # renovate: datasource=docker depName=ghcr.io/prometheus-community/charts/prometheus-operator-crds
        Chart("prometheus-operator-crds", "oci://ghcr.io/prometheus-community/charts", "31.0.1"),
        # Of the same release of the operator as the definitions.
        # renovate: datasource=docker depName=ghcr.io/prometheus-community/charts/kube-prometheus-stack
        Chart("kube-prometheus-stack", "oci://ghcr.io/prometheus-community/charts", "88.5.3"),
    )
}

REGISTRIES: Mapping[str, tuple[str, ...]] = {
    "cilium": ("quay.io",),
    "cert-manager": ("quay.io",),
    "traefik": ("docker.io",),
    "proxmox-csi-plugin": ("ghcr.io", "registry.k8s.io"),
    "reflector": ("docker.io",),
    "reloader": ("ghcr.io",),
    "vault": ("docker.io", "ghcr.io"),
    "external-secrets": ("ghcr.io",),
    "cloudnative-pg": ("ghcr.io",),
    "plugin-barman-cloud": ("ghcr.io",),
    "valkey": ("docker.io",),
    "external-dns": ("registry.k8s.io",),
    "authentik": ("ghcr.io",),
    "gitea": ("docker.gitea.com",),
    "harbor": ("docker.io",),
    "matrix-stack": ("docker.io", "ghcr.io", "oci.element.io"),
    "flux-operator": ("ghcr.io",),
    "prometheus-operator-crds": (),
    "kube-prometheus-stack": ("quay.io", "registry.k8s.io"),
}
"""Registries of the images that each chart runs under our values, and of those that its operator runs by itself."""

SINGLETONS = frozenset(TABLE) - {"authentik", "gitea", "harbor", "matrix-stack", "valkey", "vault"}
"""Charts that a cluster runs once: their definitions, drivers or classes are for all of it."""

PINNED = re.compile(r"v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")


class Catalogue:
    """The table under the stack file's `charts`: a mirror redirects every chart, a version departs from the pin."""

    def __init__(self, *, mirror: str | None = None, versions: Mapping[str, str] | None = None) -> None:
        self._mirror = mirror
        self._versions = dict(versions or {})

    def __getitem__(self, name: str) -> Chart:
        chart = TABLE[name]
        return self._mirrored(replace(chart, version=self._versions.get(name, chart.version)))

    def chart(self, name: str, repository: str | None, version: str | None) -> Chart:
        """A chart that the table need not have; without repository and version it is the one of the table."""
        return self._mirrored(Chart(name, repository, version)) if repository and version else self[name]

    def _mirrored(self, chart: Chart) -> Chart:
        return replace(chart, repository=self._mirror.rstrip("/")) if self._mirror else chart
