"""What the program's Jobs find: each script of `scripts/` runs itself, against the double of whoever stands at an
address in the simulated cluster.

A script that is none of the program's is an error, as a Job that succeeds has to have proven something.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from doubles.kubernetes_api import KubernetesApi
from doubles.loopback import Reply, Request
from lab.checkout import ROOT
from lab.providers import gitea, harbor, logins, matrix
from lab.providers.authentik import gates as authentik
from lab.providers.kubernetes import api_server
from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.endpoints import Backend, IngressError, UnreachableError, locate
from lab.providers.kubernetes.jobs import Container, Outcome
from lab.providers.vault import gates as vault
from lab.scripts.network import Tls
from lab.scripts.sandbox import Pod, run

Serve = Callable[[Cluster, Backend, Request], Reply]

_SERVICES: Final[Mapping[str, Serve]] = {
    "gitea": gitea.respond,
    "harbor": harbor.respond,
    "matrix-stack": matrix.respond,
    "vault": vault.respond,
}
"""Chart -> who answers where its release stands."""

_ANSWERS: Final[Mapping[str, Callable[[Cluster, Container], Outcome]]] = {
    "authentik_api": authentik.api,
    "authentik_settings": authentik.settings,
    "blueprint_apply": authentik.apply,
    "blueprint_visible": authentik.visible,
    "discovery": authentik.discovery,
    "forward_auth": authentik.forward_auth,
    "login_offered": logins.offered,
    "vault_login": vault.login,
}
"""Scripts whose services have no double yet."""


def execute(cluster: Cluster, container: Container) -> Outcome | None:
    """`python3 <script>`: what the script comes to; None for another command."""
    if container.words[:1] != ["python3"]:
        return None
    files, main = container.files(cluster), container.words[1]
    name = _names().get(files.get(main, ""))
    if name is None:
        return Outcome(failed=f"{' '.join(container.words)}: the lab knows the scripts of scripts/ and no other")
    if name in _ANSWERS:
        return _ANSWERS[name](cluster, container)
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
def _names() -> Mapping[str, str]:
    """Text of a script of scripts -> its name."""
    return {path.read_text(encoding="utf-8"): path.stem for path in (ROOT / "scripts").glob("*.py")}


def _volumes(container: Container) -> tuple[str, ...]:
    """Where a volume is mounted that can be written to."""
    kinds = ("emptyDir", "ephemeral", "persistentVolumeClaim")
    names = {one["name"] for one in container.pod.get("volumes") or [] if any(kind in one for kind in kinds)}
    return tuple(one["mountPath"] for one in container.spec.get("volumeMounts") or [] if one["name"] in names)


@dataclass(frozen=True)
class _Network:
    """What a pod of a namespace reaches."""

    cluster: Cluster
    namespace: str

    def respond(self, url: str, request: Request, tls: Tls | None) -> Reply:
        """The answer of the API server or of a release. Raises OSError."""
        if urlsplit(url).hostname == api_server.ADDRESS:
            return KubernetesApi(api_server.State(self.cluster)).respond(request)
        try:
            backend = self._backend(url)
        except IngressError as error:
            return Reply(error.status, str(error))
        serve = _SERVICES.get(backend.chart)
        return (
            Reply(404, f"the lab has no double of {backend.name}")
            if serve is None
            else serve(self.cluster, backend, request)
        )

    def greeting(self, host: str, port: int) -> bytes:
        """What an SSH server says."""
        self._backend(f"ssh://{host}:{port}")
        return b"SSH-2.0-Go\r\n"

    def _backend(self, url: str) -> Backend:
        try:
            return locate(self.cluster, url, self.namespace)
        except IngressError:
            raise
        except UnreachableError as error:
            raise OSError(str(error)) from error
