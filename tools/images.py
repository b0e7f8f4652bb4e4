"""`make images STACK=home`: every image, chart and file that a stack is made of, with who reads it.

What the program names comes from a preview of it on the embedded lab. What charts name comes from their manifests where
`make charts` has put them and Helm is at hand (`make test-kubernetes` builds it), else from their values; what is not
known is said. ARGS=--digests asks the registries for the digest of each image and chart, and fails where one is another
than was kept; ARGS=--keep keeps them, in Pulumi.<stack>.digests.json; ARGS=--json is for programs.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.flux.values import CONTROLLERS
from components.harbor.settings import HarborSettings
from components.talos.schematic import systems
from lab.checkout import LabError, Stack
from lab.driver import Driver
from reporting.fates import planned
from settings.model import Settings
from stack_file.load import load_stack_file
from tools import digests
from tools.chart_images import Installed, RenderError, named
from tools.charts import directory
from tools.doctor.local import plugins
from tools.files import SetupError
from tools.listing import Image, Listing
from tools.operate import ROOT, OperateError, stack_file
from tools.real_programs import HELM
from tools.real_servers import find
from tools.refusal import refusal
from tools.waiting import interruptible, ticking

RELEASE = "kubernetes:helm.sh/v3:Release"
_SHOWN = 3
_KUBERNETES = "1.36.0"


@dataclass(frozen=True, kw_only=True)
class Charts:
    """Where charts are unpacked, a directory each, and the Helm that renders those with templates."""

    place: Path
    helm: Path | None

    def images(self, release: Mapping[str, Any], settings: Settings) -> tuple[set[str], str]:
        """Images of a release (its inputs), and what is not known about them."""
        chart, values = str(release["chart"]).rpartition("/")[2], release.get("values") or {}
        if not (self.place / chart / "values.yaml").is_file():
            return set(named(values)), f"images of the chart {chart} but for those of our values: make charts"
        installed = Installed(
            directory=self.place / chart,
            release=str(release.get("name")),
            namespace=str(release.get("namespace")),
            values=values,
            kubernetes=settings.talos.kubernetes_version.removeprefix("v") if settings.talos else _KUBERNETES,
        )
        if installed.version != release.get("version"):
            return (
                installed.told(),
                f"images of {chart} {release.get('version')}: those of {installed.version} are shown",
            )
        if self.helm is None or not installed.has_templates:
            return installed.told(), f"images of {chart} are those of its values, which may name more or less than runs"
        try:
            return installed.rendered(self.helm), ""
        except RenderError as error:
            return installed.told(), f"images of {chart} are those of its values: {error}"


def listing(stack: str, settings: Settings, resources: Iterable[Mapping[str, Any]], charts: Charts) -> Listing:
    """What the resources of a plan ask for; each has `type`, `name` and `inputDiff`."""
    found, readers = Listing(stack), dict[str, set[str]]()
    for resource in resources:
        inputs = (resource.get("inputDiff") or {}).get("adds") or {}
        images = set(named(inputs)) if resource["type"].startswith("kubernetes:") else set()
        if resource["type"] == RELEASE:
            images, unknown = charts.images(inputs, settings)
            found.charts.append(_chart(resource["name"], inputs))
            found.unknown += [unknown] if unknown and unknown not in found.unknown else []
        for image in images:
            readers.setdefault(image, set()).add(resource["name"])
    for image, reader in (*_of_nodes(settings), *_of_flux(settings)):
        readers.setdefault(image, set()).add(reader)
    found.images = [Image(image, sorted(names)) for image, names in sorted(readers.items())]
    found.files = list(_files(settings))
    found.plugins = sorted(plugins())
    return found


def _chart(reader: str, release: Mapping[str, Any]) -> dict[str, str]:
    base, _, chart = str(release["chart"]).rpartition("/")
    source = (release.get("repositoryOpts") or {}).get("repo") or base
    return {"chart": chart, "version": str(release.get("version")), "source": source, "reader": reader}


def _helm() -> Path | None:
    try:
        return find(HELM).binary
    except SetupError:
        return None


def _of_nodes(settings: Settings) -> Iterator[tuple[str, str]]:
    """Images that Talos runs by itself; tags of etcd and pause are those that `talosctl image default` prints."""
    talos = settings.talos
    if talos is None:
        return
    version = f"v{talos.kubernetes_version.removeprefix('v')}"
    yield f"ghcr.io/siderolabs/kubelet:{version}", "nodes"
    for part in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        yield f"registry.k8s.io/{part}:{version}", "control planes"
    yield "registry.k8s.io/etcd", f"control planes, of the release of Talos {talos.version}"
    yield "registry.k8s.io/pause", f"nodes, of the release of Talos {talos.version}"
    for system in sorted(set(systems(talos).values())):
        yield system.installer(talos.factory, talos.version), "nodes, when upgraded or installed anew"


def _of_flux(settings: Settings) -> Iterator[tuple[str, str]]:
    """Images that the operator of Flux picks by the release."""
    if settings.gitops.enabled:
        for part in CONTROLLERS:
            yield f"ghcr.io/fluxcd/{part}", f"flux, of the release of Flux {settings.gitops.flux_version}"


def _files(settings: Settings) -> Iterator[str]:
    """What is downloaded and is neither image nor chart."""
    if settings.talos is not None:
        talos = settings.talos
        for system in sorted(set(systems(talos).values())):
            yield system.image_url(talos.factory, system.schematic.id, talos.version)
    harbor = settings.section(HarborSettings)
    if harbor.enabled:
        yield from (f"oci://{one}" for one in (*harbor.scanner.vulnerabilities, *harbor.scanner.java))


def planned_resources(stack: str, root: Path) -> list[Mapping[str, Any]]:
    """Goals of a preview of the program on the lab; raises LabError."""
    with tempfile.TemporaryDirectory() as place:
        plan = Path(place) / "plan.json"
        done = Driver(Stack(root, stack, Path(place))).preview(lambda _: None, plan=str(plan))
        if not done.ok:
            raise LabError("; ".join(done.messages()) or done.error)
        return list(planned(plan).values())


def of_stack(command: str, stack: str, root: Path) -> Listing:
    """What a stack is made of, by a preview for a target of make.

    Raises:
        LabError, OperateError, ValueError: The stack file is missing or refused, or the preview failed.
    """
    settings = load_stack_file(stack_file(root, stack))
    with ticking(f"{command}: previewing {stack} on the lab"):
        resources = planned_resources(stack, root)
    return listing(stack, settings, resources, Charts(place=directory(root), helm=_helm()))


def lines(found: Listing) -> Iterator[str]:
    """The listing for people."""
    yield f"images ({len(found.images)}):"
    for one in found.images:
        others = f" and {len(one.readers) - _SHOWN} more" if len(one.readers) > _SHOWN else ""
        pinned = f"@{one.digest}" if one.digest and "@" not in one.image else ""
        yield f"  {one.image}{pinned}\n    {', '.join(one.readers[:_SHOWN])}{others}"
    yield f"charts ({len(found.charts)}):"
    yield from (f"  {one['source']}/{one['chart']} {one['version']}" for one in found.charts)
    for title, entries in (
        ("files", found.files),
        ("plugins of providers", found.plugins),
        ("not known", found.unknown),
    ):
        if entries:
            yield f"{title} ({len(entries)}):"
            yield from (f"  {one}" for one in entries)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when the plan was made and each digest that was asked for is known, and as it was kept."""
    parser = argparse.ArgumentParser(prog="python -m tools.images", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--digests", action="store_true", help="ask the registries for the digest of each")
    parser.add_argument("--keep", action="store_true", help="likewise, and keep them beside the stack file")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args(arguments)
    try:
        found = of_stack("images", options.stack, root)
    except (LabError, OperateError, ValueError) as error:
        print(refusal("images", error), file=sys.stderr)
        return 1
    wrong = told_digests(found, root, options.keep) if options.digests or options.keep else []
    print(json.dumps(asdict(found), indent=1) if options.json else "\n".join(lines(found)))
    for line in wrong:
        print(f"images: {line}", file=sys.stderr)
    return 1 if wrong else 0


def told_digests(found: Listing, root: Path, keep: bool = False) -> list[str]:
    """Ask for the digests, and what is wrong about them: not known, or another than was kept. Those may be kept now."""
    wrong = [f"no digest of {one}" for one in digests.ask(found)]
    wrong += [f"moved: {one}" for one in ([] if keep else digests.moved(found, root))]
    found.unknown += [
        f"digest of before, of {one}: ARGS=--keep" for one in ([] if keep else digests.unkept(found, root))
    ]
    if keep:
        print(f"images: digests are kept in {digests.keep(found, root).name}", file=sys.stderr)
    return wrong


if __name__ == "__main__":
    with interruptible("interrupted"):
        sys.exit(main())
