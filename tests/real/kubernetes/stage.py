"""A real API server that knows the platform's kinds, and what it says to the objects of a program."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.providers.kubernetes.differences import changed_paths, prune
from lab.providers.kubernetes.forms import as_stored
from lib.charts import TABLE
from reporting.differences import at, parts
from tests.real.kubernetes.api import Api
from tests.real.kubernetes.controllers import aggregate_roles, make_default_account
from tests.real.kubernetes.login import Login
from tests.real.kubernetes.manifests import Manifest, chart_directory, own, pod_of, rendered
from tests.real.kubernetes.server import Server
from tests.support import charts, definitions
from tests.support.objects import releases
from tests.support.recording import Recorded, Recording

LEFT_OUT: Mapping[str, str] = {
    "cilium.io": "Cilium's operator makes the definitions when it starts, so no chart has them",
    "barmancloud.cnpg.io": "its chart makes the definition among its templates",
    "talos.dev": "Talos makes the definition where its control planes give access (components/talos/api_access.py)",
    "monitoring.coreos.com": "of the Prometheus operator, which this program does not install",
}
"""Groups whose objects are not tried where the server does not have them, and why."""
_DEFINITION = "CustomResourceDefinition"
_KEPT = frozenset({"Namespace", "ServiceAccount", "PriorityClass"})
"""What admission looks up when something else is created."""
_RIGHTS = "rbac.authorization.k8s.io"
_SECONDS = 30


@dataclass
class Stage:
    """The server, and what is rendered for it.

    Attributes:
        helm: The program.
        directory: For what Helm reads and writes.
        login: How people log in.
    """

    server: Server
    helm: Path
    directory: Path
    login: Login
    _charts: dict[int, list[Manifest]] = field(default_factory=dict)

    @property
    def api(self) -> Api:
        return self.server.api

    def define(self) -> None:
        """Bring the kinds of those charts whose definitions are at hand as files."""
        base = charts.directory()
        found = (one for name in TABLE if base for one in definitions.documents(base / name))
        self._define(Manifest("definitions", "", one) for one in found)

    def objects(self, program: Recording) -> list[Manifest]:
        """The program's own objects, once what they stand on is there."""
        manifests = own(program)
        self._keep(manifests)
        return manifests

    def charts(self, program: Recording) -> list[Manifest]:
        """The objects of its charts, likewise; of those whose templates are at hand."""
        if id(program) not in self._charts:
            self.objects(program)  # the namespaces
            version = self.api.expect("GET", "/version")["gitVersion"]
            self._charts[id(program)] = [
                manifest
                for release in releases(program)
                if chart_directory(str(release.get("chart")))
                for manifest in self._rendered(rendered(release, self.helm, version, self.api.versions(), self._place))
            ]
        return self._charts[id(program)]

    def definitions(self, release: Recorded) -> list[Manifest]:
        """The definitions that a release brings."""
        version = self.api.expect("GET", "/version")["gitVersion"]
        found = rendered(release, self.helm, version, self.api.versions(), self._place)
        return [one for one in found if one.kind == _DEFINITION]

    def refusals(self, manifests: Iterable[Manifest]) -> list[str]:
        """What the server has against these objects: refusals and warnings, one line each."""
        return [f"{manifest}: {problem}" for manifest in manifests for problem in self._tried(manifest) if problem]

    def altered(self, manifests: Iterable[Manifest]) -> list[str]:
        """What it keeps of these objects otherwise than they say it, which every refresh would call a difference.

        Empty values of Kubernetes' own kinds may be left out: Pulumi's provider reads inputs of those as their types do
        (normalizeInputs, provider/pkg/provider/provider.go).
        """
        found = []
        for one in manifests:
            if self.api.kind(one.api_version, one.kind) is not None:
                inputs = as_stored(dict(one.body))
                kept = prune(self.api.apply(one.body, one.namespace, keep=False).body, inputs)
                empty: tuple[Any, ...] = ([], {}, None) if one.built_in else ()
                changed = (path for path in changed_paths(kept, inputs) if at(inputs, parts(path)) not in empty)
                found += [f"{one}: {path}" for path in changed]
        return found

    def pod_refusals(self, manifests: Iterable[Manifest]) -> list[str]:
        """What it has against the pods that these objects would run."""
        pods = ((one, pod) for one in manifests if (pod := pod_of(one)) is not None)
        return [
            f"{one}: its pod: {problem}"
            for one, pod in pods
            for problem in self.api.create(pod, one.body["metadata"].get("namespace", one.namespace)).problems
        ]

    def keep(self, manifests: Iterable[Manifest]) -> None:
        """Have the server keep these objects, which must be accepted."""
        for manifest in manifests:
            problems = self.api.apply(manifest.body, manifest.namespace, keep=True).problems
            assert not problems, f"{manifest}: {problems}"

    def grant(self, manifests: Iterable[Manifest]) -> None:
        """Have the rights among these objects hold."""
        self.keep(one for one in manifests if one.group == _RIGHTS)
        aggregate_roles(self.api)

    @property
    def _place(self) -> Path:
        return self.directory / "helm"

    def _tried(self, manifest: Manifest) -> list[str]:
        if self.api.kind(manifest.api_version, manifest.kind) is not None:
            return self.api.apply(manifest.body, manifest.namespace, keep=False).problems
        return [] if manifest.group in LEFT_OUT else [f"the server does not know {manifest.api_version}"]

    def _rendered(self, manifests: Iterator[Manifest]) -> list[Manifest]:
        found = list(manifests)
        self._define(one for one in found if one.kind == _DEFINITION)
        self._keep(found)
        return [one for one in found if one.kind != _DEFINITION]

    def _keep(self, manifests: Iterable[Manifest]) -> None:
        kept = [one for one in manifests if one.kind in _KEPT and one.group not in LEFT_OUT]
        spaces = [one for one in kept if one.kind == "Namespace"]
        self.keep(spaces)
        for name in ("default", "kube-system", *(one.body["metadata"]["name"] for one in spaces)):
            # The namespaces of Kubernetes itself appear a moment after the server is ready.
            _until(lambda name=name: not make_default_account(self.api, name).problems, f"{name} is there")
        self.keep(one for one in kept if one not in spaces)

    def _define(self, definitions: Iterable[Manifest]) -> None:
        names = []
        for definition in definitions:
            # Generated files have an empty status, which is not for clients to set.
            body = {key: value for key, value in definition.body.items() if key != "status"}
            self.keep([Manifest(definition.origin, "", body)])
            names.append(str(body["metadata"]["name"]))
        for name in names:
            _until(lambda name=name: self._established(name), f"{name} is established")

    def _established(self, definition: str) -> bool:
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{definition}"
        status: Any = self.api.expect("GET", path).get("status") or {}
        conditions = status.get("conditions") or ()
        return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def _until(holds: Any, what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"{what} within {_SECONDS} s"
        time.sleep(0.1)
