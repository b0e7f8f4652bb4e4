"""What the program makes of Kubernetes, as the manifests that reach the API server."""

import subprocess
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from doubles.certificates import Authority
from tests.support.charts import chart_data
from tests.support.objects import objects
from tests.support.program import ROOT, record_program
from tests.support.recording import Recorded, Recording

_VALID = ROOT / "tests" / "fixtures" / "stacks" / "valid"
STACKS = ("test-cluster", "local", *sorted(file.stem for file in _VALID.glob("*.yaml")))
_LOADER: Any = type("Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
# A value of an enumeration in definitions of the Prometheus operator, which YAML 1.1 takes for something else.
_LOADER.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"})
_NAME_LENGTH = 63


@dataclass(frozen=True)
class Manifest:
    """An object.

    Attributes:
        origin: Resource of the program that brings it.
        namespace: Where it goes if it names none.
    """

    origin: str
    namespace: str
    body: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.body["kind"])

    @property
    def api_version(self) -> str:
        return str(self.body["apiVersion"])

    @property
    def group(self) -> str:
        """Empty for the core API."""
        return self.api_version.rpartition("/")[0]

    @property
    def built_in(self) -> bool:
        """Whether the group is one of Kubernetes itself: a short name, or one below k8s.io."""
        return "." not in self.group or self.group.endswith(".k8s.io")

    def __str__(self) -> str:
        metadata = self.body["metadata"]
        return f"{self.origin}: {self.kind} {metadata.get('namespace', self.namespace)}/{metadata['name']}"


def recorded(stack: str) -> Recording:
    """The program as an update under a shipped stack file, or another valid one."""
    if stack == "test-cluster":
        return record_program(preview=False)
    shipped = ROOT / f"Pulumi.{stack}.yaml"
    return record_program(
        preview=False,
        stack_file=shipped if shipped.exists() else _VALID / f"{stack}.yaml",
        optional_secrets=("keptCertificates",) if stack == "every-key" else (),
    )


def own(program: Recording) -> list[Manifest]:
    """The objects that the program creates itself."""
    return [Manifest(one.name, "default", _genuine(one.inputs)) for one in objects(program)]


def chart_directory(chart: str) -> Path | None:
    """Where a chart is unpacked; None where its templates are not at hand."""
    data = chart_data(chart.rpartition("/")[2])
    # Some charts have their templates in subcharts alone.
    has = data is not None and any((data.path / folder).is_dir() for folder in ("templates", "charts"))
    return data.path if data is not None and has else None


def rendered(
    release: Recorded, helm: Path, version: str, capabilities: list[str], directory: Path
) -> Iterator[Manifest]:
    """The objects of a chart under the values of a release, for a server of that version with these capabilities.

    Without those that only `helm test` creates.
    """
    chart, namespace = chart_directory(str(release.get("chart"))), str(release.get("namespace"))
    assert chart is not None, f"{release}: the chart is at hand"
    directory.mkdir(parents=True, exist_ok=True)
    values = directory / f"{release.name}.yaml"
    values.write_text(yaml.safe_dump(release.get("values") or {}), encoding="utf-8")
    command = [
        *(str(helm), "template", str(release.get("name")), str(chart)),
        *(f"--namespace={namespace}", f"--values={values}", f"--kube-version={version}"),
        *(f"--api-versions={one}" for one in capabilities),
        *(() if release.get("skipCrds") else ("--include-crds",)),
    ]
    places = {f"HELM_{kind}_HOME": str(directory) for kind in ("CACHE", "CONFIG", "DATA")}
    run = subprocess.run(command, env=places, capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 0, f"{release}: Helm does not render the chart: {run.stderr[-2000:]}"
    for document in yaml.load_all(run.stdout, Loader=_LOADER):
        if document and not _is_test(document):
            yield Manifest(release.name, namespace, document)


def pod_of(manifest: Manifest) -> dict[str, Any] | None:
    """The pod that a workload would run; None for what runs none."""
    spec = manifest.body.get("spec") or {}
    if manifest.kind == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    elif manifest.kind not in _WORKLOADS:
        return None
    template = deepcopy(spec["template"])
    for claim in spec.get("volumeClaimTemplates") or ():
        name = claim["metadata"]["name"]
        volume = {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-0"}}
        template["spec"].setdefault("volumes", []).append(volume)
    name = f"{manifest.body['metadata']['name'][: _NAME_LENGTH - 2]}-0"
    metadata = {**(template.get("metadata") or {}), "name": name}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def _genuine(body: dict[str, Any]) -> dict[str, Any]:
    """The same object with a certificate that is one: in a recording it is a made-up text."""
    if body.get("type") != "kubernetes.io/tls":
        return body
    certificate, key = _pair()
    return {**body, "stringData": {**body["stringData"], "tls.crt": certificate.decode(), "tls.key": key.decode()}}


@cache
def _pair() -> tuple[bytes, bytes]:
    return Authority("platform").issue("platform")


def _is_test(document: Mapping[str, Any]) -> bool:
    annotations = document["metadata"].get("annotations") or {}
    return "test" in str(annotations.get("helm.sh/hook", "")).split(",")
