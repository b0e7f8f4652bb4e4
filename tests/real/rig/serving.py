"""The providers of an operation on the rig: Kubernetes' official one, and the lab's."""

from collections.abc import Iterable
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from lab import recovery
from lab.providers.package import Package
from lab.providers.server import Provider
from lab.providers.serving import POOL, serve
from lab.site import Site
from tests.real.rig.bridge import Bridge
from tests.real.rig.tee import LARGEST, THREADS, Tee
from tests.real.rig.vault import Vault
from tools.cluster import Cluster, Volume, api
from tools.helm_release import HelmRelease


@dataclass(frozen=True)
class _Both:
    """The real cluster for who recovers what was cut off; in the lab's, nobody is at a release any more either."""

    lab: Cluster
    real: Cluster

    def silence(self) -> str | None:
        return self.real.silence()

    def newest(self, namespace: str, name: str) -> HelmRelease | None:
        return self.real.newest(namespace, name)

    def mark_failed(self, release: HelmRelease) -> None:
        self.real.mark_failed(release)
        simulated = self.lab.newest(release.namespace, release.name)
        if simulated is not None and simulated.pending:
            self.lab.mark_failed(simulated)

    def volumes(self) -> list[Volume]:
        return self.real.volumes()

    def get(self, path: str) -> dict[str, Any]:
        return self.real.get(path)


@dataclass(frozen=True)
class Rig:
    """What an operation is told of the control plane; it goes to another process.

    Attributes:
        binary: The official provider.
        port: Of the API server on the loopback.
        authority: Of its certificate, PEM.
        token: Of who writes what the simulated controllers do.
        proxy: See tee.py.
        differences: See tee.py.
        keys: See vault.py.
        config: Kubeconfig of who may do everything.
    """

    binary: Path
    port: int
    authority: str
    token: str
    proxy: str
    differences: Path
    keys: Path
    config: Path

    def serve(self, packages: Iterable[Package], site: Site) -> tuple[list[Any], str]:
        """In the place of the lab's function: everything but Kubernetes is the lab's alone.

        Who recovers what was cut off asks the real cluster.
        """
        every = {one.name: one for one in packages}
        vault = Vault(self.keys, self.authority)
        vault.through(every["vault"])
        vault.give_keys()
        simulated = vars(recovery)["_Cluster"]
        real = api(self.config.read_text(encoding="utf-8"))
        vars(recovery)["_Cluster"] = lambda site: _Both(simulated(site), real)
        bridge = Bridge(site, vault, self.port, self.authority, self.token)
        tee = Tee(self.binary, self.proxy, self.differences, Provider(every.pop("kubernetes"), site), bridge)
        servers, attachments = serve(every.values(), site)
        server = grpc.server(futures.ThreadPoolExecutor(THREADS, POOL), options=LARGEST)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(tee, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        bridge.start()
        return [server, tee, bridge, *servers], f"{attachments},kubernetes:{port}"
