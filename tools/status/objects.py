"""What a state holds of Kubernetes, and the same objects as the cluster has them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from tools.cluster import ClusterError
from tools.status.live import problem

_PARALLEL = 8
_BUILT_IN = frozenset({"Job", "Deployment", "StatefulSet", "DaemonSet", "Service"})
_WORKLOADS = ("deployments", "statefulsets", "daemonsets")
_RELEASE = "kubernetes:helm.sh/v3:Release"
_OF_RELEASE = "meta.helm.sh/release-name"


class Cluster(Protocol):
    """The API, as tools.cluster.Api has it."""

    def get(self, path: str) -> dict[str, Any]:
        """The object or list at a path; raises ClusterError."""


@dataclass(frozen=True)
class Place:
    """Where objects of one kind and namespace are listed."""

    version: str
    plural: str
    namespace: str

    @property
    def path(self) -> str:
        root = "api" if "/" not in self.version else "apis"
        within = f"namespaces/{self.namespace}/" if self.namespace else ""
        return f"/{root}/{self.version}/{within}{self.plural}"


@dataclass(frozen=True)
class Wanted:
    """An object that a resource of the state stands for; of a release all its workloads (`release`)."""

    urn: str
    place: Place
    name: str
    release: bool = False


def wanted(resources: Iterable[Mapping[str, Any]]) -> list[Wanted]:
    """Objects of the state whose status says something."""
    found: list[Wanted] = []
    for one in resources:
        kind, outputs = one["type"], one.get("outputs") or {}
        if kind == _RELEASE:
            name, namespace = str(outputs.get("name", "")), str(outputs.get("namespace", ""))
            places = (Place("apps/v1", plural, namespace) for plural in _WORKLOADS)
            found += [Wanted(one["urn"], place, name, release=True) for place in places]
        elif (place := _place(kind, outputs)) is not None:
            found.append(Wanted(one["urn"], place, str(outputs["metadata"]["name"])))
    return found


def _place(kind: str, outputs: Mapping[str, Any]) -> Place | None:
    package, _, rest = kind.partition(":")
    version, _, name = rest.rpartition(":")
    metadata = outputs.get("metadata")
    if package != "kubernetes" or not isinstance(metadata, Mapping):
        return None
    own = "." in version.partition("/")[0] and not version.partition("/")[0].endswith(".k8s.io")
    if not own and name not in _BUILT_IN:
        return None
    return Place(version.removeprefix("core/"), _plural(name), str(metadata.get("namespace") or ""))


def _plural(kind: str) -> str:
    """As every kind of the platform is named; a kind that goes otherwise is not found, and said so."""
    name = kind.lower()
    if name.endswith("y"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "ch", "x")) else f"{name}s"


def problems(cluster: Cluster, objects: Iterable[Wanted]) -> dict[str, str]:
    """What is not ready, by the URN of its resource, in a few requests.

    Raises:
        ClusterError: when nobody answers.
    """
    by_place: dict[Place, list[Wanted]] = defaultdict(list)
    for one in objects:
        by_place[one.place].append(one)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        lists = dict(zip(by_place, pool.map(lambda place: _listed(cluster, place), by_place), strict=True))
    found: dict[str, str] = {}
    for place, asked in by_place.items():
        for one in asked:
            reason = _judged(one, lists[place])
            if reason:
                found.setdefault(one.urn, reason)
    return found


def _listed(cluster: Cluster, place: Place) -> list[dict[str, Any]] | str:
    try:
        listed = cluster.get(place.path)
    except ClusterError as error:
        if " answers " not in str(error):
            raise
        return str(error)
    kind = str(listed.get("kind", "")).removesuffix("List")
    return [{"kind": kind, **one} for one in listed.get("items") or ()]


def _judged(one: Wanted, there: list[dict[str, Any]] | str) -> str:
    if isinstance(there, str):
        return "" if one.release else there
    if one.release:
        own = (it for it in there if (it["metadata"].get("annotations") or {}).get(_OF_RELEASE) == one.name)
        return next((f"{it['metadata']['name']}: {text}" for it in own if (text := problem(it))), "")
    found = next((it for it in there if it["metadata"]["name"] == one.name), None)
    return problem(found) if found is not None else "it is gone from the cluster"
