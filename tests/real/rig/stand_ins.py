"""The charts of the rig: the real ones where their templates are at hand, else what the lab knows of each.

Definitions of the latter are the real ones where those are, else ones that take everything.
"""

import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.clock import Clock
from lab.providers.kubernetes import charted
from lab.providers.kubernetes.charts import facts_of
from lab.providers.kubernetes.cluster import CRDS, OBJECTS, RELEASES, Cluster
from lab.providers.kubernetes.kinds import Kind
from lab.site import Site
from lab.world import World
from tests.real.kubernetes.manifests import chart_directory
from tests.support import charts, definitions
from tests.support.objects import releases
from tests.support.recording import Recorded, Recording

_WEBHOOK = re.compile(rb"^kind: (Validating|Mutating)WebhookConfiguration", re.MULTILINE)
_RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def write(program: Recording, directory: Path, scratch: Path) -> None:
    """An archive for each chart of the program, as a mirror has them."""
    directory.mkdir()
    found: dict[tuple[str, str], list[Recorded]] = {}
    for release in releases(program):
        found.setdefault((_chart(release), str(release.get("version"))), []).append(release)
    with World(scratch, "scratch") as world:
        cluster = Cluster(Site(world, Clock(world)))
        for (chart, version), ones in found.items():
            archive = directory / f"{chart}-{version}.tgz"
            real = chart_directory(chart)
            if real is not None:
                _archive(archive, chart, _answered(real, version) | _registered(real, chart, ones))
                continue
            templates = {f"{one.name}.yaml": _guarded(one, list(_objects(cluster, chart, one))) for one in ones}
            about = {"apiVersion": "v2", "name": chart, "version": version}
            files = {"Chart.yaml": yaml.safe_dump(about), **{f"templates/{k}": v for k, v in templates.items()}}
            crds = "".join(f"---\n{yaml.safe_dump(one)}" for one in _definitions(chart, ones))
            # Definitions in this directory outlive the release.
            kept = charted.keeps(facts_of(chart), ones[0].get("values") or {})
            files["crds/all.yaml" if kept else "templates/crds.yaml"] = crds if kept else _literal(crds)
            _archive(archive, chart, {name: text.encode() for name, text in files.items()})


def _answered(chart: Path, version: str) -> dict[str, bytes]:
    """The files of a real chart but those of webhooks, since nobody answers for them; under the version of the pin."""
    files = {str(file.relative_to(chart)): file.read_bytes() for file in chart.rglob("*") if file.is_file()}
    about = yaml.safe_dump({**yaml.safe_load(files["Chart.yaml"]), "version": version}).encode()
    return {name: data for name, data in files.items() if not _WEBHOOK.search(data)} | {"Chart.yaml": about}


def _registered(real: Path, chart: str, ones: list[Recorded]) -> dict[str, bytes]:
    """Definitions that no file of a chart has: its operator would register them."""
    brought = {one["spec"]["group"] for one in definitions.documents(real)}
    missing = [one for one in _definitions(chart, ones) if one["spec"]["group"] not in brought]
    return {"crds/registered.yaml": yaml.safe_dump_all(missing).encode()} if missing else {}


def _chart(release: Recorded) -> str:
    return Path(str(release.get("chart"))).name.rsplit(f"-{release.get('version')}.tgz")[0]


def _objects(cluster: Cluster, chart: str, release: Recorded) -> Iterator[dict[str, Any]]:
    """What the lab's chart brings, and a workload that its Services select."""
    inputs = {**release.inputs, "values": release.inputs.get("values") or {}}
    key = f"{release.get('namespace')}/{release.get('name')}"
    charted.install(cluster, key, chart, inputs)
    for one in cluster.world.table(OBJECTS).values():
        metadata = {name: value for name, value in one["metadata"].items() if name != "uid"}
        if one["kind"] == "Service":
            one["spec"].setdefault("ports", [{"port": 80}])
            for port in one["spec"]["ports"]:
                port["name"] = f"port-{port['port']}"
        yield {**one, "metadata": metadata}
    record = cluster.world.table(RELEASES)[key]
    charted.uninstall(cluster, key)
    for name in [name for name, one in cluster.world.table(CRDS).items() if one["release"] == key]:
        cluster.world.delete(CRDS, name)
    if (inputs["values"].get("server") or {}).get("authDelegator"):
        yield _reviewer(record["fullname"], str(release.get("namespace")))
    labels = {"app.kubernetes.io/instance": str(release.get("name"))}
    container = {"name": "stand-in", "image": "stand-in", "securityContext": _RESTRICTED}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{record['fullname']}-stand-in", "namespace": release.get("namespace")},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "tolerations": [{"operator": "Exists"}]},
            },
        },
    }


def _reviewer(account: str, namespace: str) -> dict[str, Any]:
    """Vault asks the API server whose token it was given (server-clusterrolebinding.yaml of the chart)."""
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"{account}-server-binding"},
        "roleRef": role,
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    }


def _definitions(chart: str, ones: list[Recorded]) -> Iterator[Mapping[str, Any]]:
    """Of the kinds that the lab's chart brings, and of the others of their groups that are at hand."""
    base = charts.directory()
    real = {
        (one["spec"]["group"], one["spec"]["names"]["kind"]): one
        for one in (definitions.documents(base / chart) if base else ())
    }
    for group in facts_of(chart).groups:
        others = [kind for name, kind in real if name == group.name]
        for kind in dict.fromkeys([*(kind for kinds in group.kinds.values() for kind in kinds), *others]):
            versions = [version for version, kinds in group.kinds.items() if kind in kinds]
            scope = "Cluster" if kind in group.cluster else "Namespaced"
            found = real.get((group.name, kind)) or _permissive(group.name, kind, versions, scope)
            # Generated files have an empty status, which is not for clients to set; nobody answers for a webhook.
            spec = {key: value for key, value in found["spec"].items() if key != "conversion"}
            yield {**{key: value for key, value in found.items() if key != "status"}, "spec": spec}


def _permissive(group: str, kind: str, versions: list[str], scope: str) -> dict[str, Any]:
    plural = Kind(group, "", kind).plural
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        # Without the annotation the server refuses definitions of groups that belong to Kubernetes.
        "metadata": {"name": f"{plural}.{group}", "annotations": {"api-approved.kubernetes.io": "unapproved"}},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "scope": scope,
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": index == 0,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": schema},
                }
                for index, version in enumerate(versions)
            ],
        },
    }


def _guarded(release: Recorded, objects: list[dict[str, Any]]) -> str:
    """A template of one release alone: several may have the same chart."""
    text = "".join(f"---\n{_literal(yaml.safe_dump(one))}" for one in objects)
    name, namespace = release.get("name"), release.get("namespace")
    of = f'and (eq .Release.Name "{name}") (eq .Release.Namespace "{namespace}")'
    return f"{{{{- if {of} }}}}\n{text}{{{{- end }}}}\n"


def _literal(text: str) -> str:
    return text.replace("{{", '{{ "{{" }}')


def _archive(file: Path, chart: str, files: Mapping[str, bytes]) -> None:
    with tarfile.open(file, "w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"{chart}/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
