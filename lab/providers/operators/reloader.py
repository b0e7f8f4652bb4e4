"""Reloader: restarts what uses a Secret or ConfigMap that changed, where an annotation asks for it.

Restarts are counted in the table `reloader/restarts`: for an object by its kind, for the workloads of a chart by the
release as a whole, since the lab knows a chart's values and not its templates. Annotations are those of Reloader 1.4.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.providers.kubernetes import pods
from lab.providers.kubernetes.chart_values import needs
from lab.providers.kubernetes.cluster import RELEASES, RESTARTS, Cluster
from lab.providers.kubernetes.workloads import WORKLOADS
from lab.providers.operators.conditions import runs
from lab.site import Site

_SEEN: Final = "reloader/seen"
_AUTO: Final = "reloader.stakater.com/auto"
_NAMED: Final = {"Secret": "secret.reloader.stakater.com/reload", "ConfigMap": "configmap.reloader.stakater.com/reload"}


def run(site: Site) -> None:
    """Restart the users of every Secret and ConfigMap whose data are no longer those that were seen last."""
    cluster = Cluster(site)
    if not runs(cluster, "reloader"):
        return
    for kind in _NAMED:
        for obj in list(cluster.each(kind)):
            place = f"{kind} {obj['metadata']['namespace']}/{obj['metadata']['name']}"
            if site.compared.get(place) is obj:
                continue  # what changes becomes another record
            site.compared[place] = obj
            digest = hashlib.sha256(json.dumps(obj.get("data"), sort_keys=True).encode()).hexdigest()
            seen = site.world.get(_SEEN, place)
            site.world.put(_SEEN, place, {"digest": digest}, sealed=True)
            if seen is not None and seen["digest"] != digest:
                for workload in users(cluster, kind, obj["metadata"]["namespace"], obj["metadata"]["name"]):
                    _restart(site, workload, place)


def _restart(site: Site, workload: str, place: str) -> None:
    record = site.world.get(RESTARTS, workload) or {"count": 0, "because": []}
    because = [*record["because"], place]
    at = Cluster(site).tick()
    again = {"count": record["count"] + 1, "because": because, "at": at, "second": site.clock.now}
    site.world.put(RESTARTS, workload, again)


def users(cluster: Cluster, kind: str, namespace: str, name: str) -> Iterator[str]:
    for workload_kind in WORKLOADS:
        for obj in cluster.each(workload_kind, namespace):
            template = pods.pod_template(obj)
            # Those of the pod count where the workload itself has none.
            annotations = obj["metadata"].get("annotations") or template.get("metadata", {}).get("annotations") or {}
            if _asks(annotations, kind, name, _refers(template.get("spec", {}), kind, name)):
                yield f"{obj['kind']} {namespace}/{obj['metadata']['name']}"
    for release in cluster.world.view(RELEASES).values():
        if release["namespace"] != namespace:
            continue
        used = any((need.kind, need.name) == (kind, name) for need in needs(release["values"]))
        if any(_asks(annotations, kind, name, used) for annotations in _mappings(release["values"])):
            yield f"Release {namespace}/{release['name']}"


def _asks(annotations: Mapping[str, Any], kind: str, name: str, used: bool) -> bool:
    return (annotations.get(_AUTO) == "true" and used) or name in str(annotations.get(_NAMED[kind], "")).split(",")


def _mappings(values: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(values, Mapping):
        yield values
        for item in values.values():
            yield from _mappings(item)
    elif isinstance(values, list):
        for item in values:
            yield from _mappings(item)


def _refers(spec: Mapping[str, Any], kind: str, name: str) -> bool:
    """Whether a pod takes a volume or a variable from the object."""
    return any((need.kind, need.name) == (kind, name) for need in needs(spec))
