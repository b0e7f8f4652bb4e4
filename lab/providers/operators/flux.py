"""The Flux operator: one FluxInstance."""

from __future__ import annotations

from lab.providers.kubernetes.cluster import RELEASES, Cluster
from lab.providers.kubernetes.pods import lacking
from lab.providers.operators.conditions import report, runs
from lab.site import Site


def run(site: Site) -> None:
    """Reconcile the FluxInstance; its name and namespace are fixed by the operator."""
    cluster = Cluster(site)
    if not runs(cluster, "flux-operator"):
        return
    homes = {item["namespace"] for item in site.world.view(RELEASES).values() if item["chart"] == "flux-operator"}
    for instance in cluster.each("fluxcd.controlplane.io/FluxInstance"):
        metadata, spec = instance["metadata"], instance["spec"]
        sync = spec.get("sync") or {}
        problems = []
        if metadata["name"] != "flux":
            problems.append("the resource name must be `flux`")
        if metadata["namespace"] not in homes:
            problems.append("the FluxInstance must be in the namespace of the operator")
        problems += [
            f"spec.distribution.{key}: Required value"
            for key in ("version", "registry")
            if not spec["distribution"].get(key)
        ]
        if sync:
            problems += [
                f"spec.sync.{key}: Required value" for key in ("kind", "url", "ref", "path") if not sync.get(key)
            ]
        if sync.get("pullSecret"):
            problems += lacking(cluster, "Secret", metadata["namespace"], sync["pullSecret"])
        report(cluster, instance, problems[0] if problems else "")
