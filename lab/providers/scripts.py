"""What the program's Jobs find: each script of `scripts/` runs itself, against the double of whoever stands at an
address in the simulated cluster.

A script that is none of the program's is an error, as a Job that succeeds has to have proven something.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from doubles.client import Answer
from doubles.kubernetes_api import KubernetesApi
from doubles.loopback import Reply, Request
from doubles.platform import ssh_words
from doubles.web import Asked, nothing
from lab.checkout import ROOT
from lab.providers import certificates, gitea, harbor, matrix, powerdns
from lab.providers.authentik.instance import Instance
from lab.providers.kubernetes import api_server
from lab.providers.kubernetes.cluster import RELEASES, Cluster
from lab.providers.kubernetes.endpoints import Backend, IngressError, UnreachableError, locate
from lab.providers.kubernetes.jobs import Container, Outcome
from lab.scripts.network import Tls
from lab.scripts.sandbox import Pod, run
from lab.services import authentik, behind

Serve = Callable[[Cluster, Backend, Request], Reply]

_APIS: Final[Mapping[str, Serve]] = {
    "gitea": gitea.respond,
    "harbor": harbor.respond,
    "matrix-stack": matrix.respond,
}
"""Chart -> who answers programs, which come with credentials; people are answered by lab/services.py."""


def execute(cluster: Cluster, container: Container) -> Outcome | None:
    """`python3 <script>`: what the script comes to; None for another command."""
    if container.words[:1] != ["python3"]:
        return None
    files, main = container.files(cluster), container.words[1]
    mounted = [text for path, text in files.items() if path.endswith(".py")]
    if main not in files or not _texts().issuperset(mounted):
        return Outcome(failed=f"{' '.join(container.words)}: the lab knows the scripts of scripts/ and no other")
    pod = Pod(
        files=files | api_server.account_files(cluster, container.namespace, container.pod),
        environment={**container.env, **api_server.VARIABLES},
        network=_Network(cluster, container.namespace),
        now=cluster.now,
        volumes=_volumes(container),
    )
    ended = run(pod, main)
    if ended.code == 0:
        return Outcome()
    # What it waits for may come: the pod goes on when something happens.
    return Outcome(waiting=ended.words) if ended.waited else Outcome(failed=ended.words)


@functools.cache
def _texts() -> frozenset[str]:
    """Those of the scripts."""
    return frozenset(path.read_text(encoding="utf-8") for path in (ROOT / "scripts").glob("*.py"))


def _volumes(container: Container) -> tuple[str, ...]:
    """Where a volume is mounted that can be written to."""
    kinds = ("emptyDir", "ephemeral", "persistentVolumeClaim")
    names = {one["name"] for one in container.pod.get("volumes") or [] if any(kind in one for kind in kinds)}
    return tuple(one["mountPath"] for one in container.spec.get("volumeMounts") or [] if one["name"] in names)


@dataclass
class _Network:
    """What a pod of a namespace reaches."""

    cluster: Cluster
    namespace: str
    _instances: dict[str, Answer] = field(default_factory=dict)
    _services: dict[str, Mapping[str, Answer]] = field(default_factory=dict)

    def respond(self, url: str, request: Request, tls: Tls | None) -> Reply:
        """The answer of the API server or of a release. Raises OSError."""
        if urlsplit(url).hostname == api_server.ADDRESS:
            state = api_server.State(self.cluster)
            return KubernetesApi(state, state.create).respond(request)
        try:
            backend = self._backend(url, self.namespace)
        except IngressError as error:
            return Reply(error.status, str(error))
        asked = Asked(request)
        if tls is not None and not certificates.trusts(self.cluster, tls.trusted, asked.host):
            raise OSError("certificate verify failed: unable to get local issuer certificate")
        if backend.chart in _APIS and asked.header("Authorization"):
            return _APIS[backend.chart](self.cluster, backend, request)
        if backend.name == powerdns.WORKLOAD:
            return powerdns.respond(self.cluster, backend, request)
        if backend.chart == "authentik":
            return self._authentik(backend)(asked)
        answers = self._service(backend)
        return (answers.get(asked.host) or answers.get("") or nothing)(asked)

    def _service(self, backend: Backend) -> Mapping[str, Answer]:
        """What answers by host: one service as long as a script runs, as it remembers the logins that it began."""
        key = f"{backend.namespace}/{backend.name}"
        if key not in self._services:
            self._services[key] = behind(self.cluster, backend, partial(self._identity, backend.namespace))
        return self._services[key]

    def _identity(self, namespace: str, asked: Asked) -> Reply:
        """Authentik, as a service of a namespace reaches it."""
        try:
            backend = self._backend(f"https://{asked.host}/", namespace)
        except (OSError, IngressError) as error:
            return Reply(502, str(error))
        return (self._authentik(backend) if backend.chart == "authentik" else nothing)(asked)

    def _authentik(self, backend: Backend) -> Answer:
        """One instance as long as a script runs."""
        key = f"{backend.namespace}/{backend.name}"
        if key not in self._instances:
            release = self.cluster.world.view(RELEASES)[key]
            self._instances[key] = authentik(Instance(self.cluster, release), self.cluster.site.faults.lies())
        return self._instances[key]

    def greeting(self, host: str, port: int) -> bytes:
        """What an SSH server says."""
        self._backend(f"ssh://{host}:{port}", self.namespace)
        return ssh_words(self.cluster.site.faults.lies())

    def _backend(self, url: str, namespace: str) -> Backend:
        try:
            return locate(self.cluster, url, namespace)
        except IngressError:
            raise
        except UnreachableError as error:
            raise OSError(str(error)) from error
