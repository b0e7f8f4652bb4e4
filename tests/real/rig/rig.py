"""The program, the control plane, and what runs the one on the other."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.checkout import Stack, passphrase
from lab.driver import Driver
from lab.providers.talos.secrets import authorities
from lab.world import World
from stack_file.load import load_stack_file
from tests.engine.platform import edit, new_stack
from tests.real.kubernetes.server import Server
from tests.real.proxy import proxying
from tests.real.rig import control_plane, stand_ins
from tests.real.rig.cluster import Cluster
from tests.real.rig.serving import Rig
from tests.support.program import record_program
from tools import real_programs, real_servers

_SECRETS = "talos:machine/secrets:Secrets"


@dataclass(frozen=True)
class Running:
    """The rig.

    Attributes:
        stack: Its stack.
        server: The API server.
        driver: Runs operations.
        differences_file: See tee.py.
    """

    stack: Stack
    server: Server
    driver: Driver
    differences_file: Path

    def differences(self) -> list[dict[str, Any]]:
        """Where the lab came to something else than the official provider so far."""
        file = self.differences_file
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []

    def workloads(self, namespace: str) -> set[str]:
        """Names of the Deployments of a namespace."""
        found = self.server.api.expect("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments")["items"]
        return {one["metadata"]["name"] for one in found}

    @classmethod
    @contextlib.contextmanager
    def started(cls, directory: Path) -> Iterator["Running"]:
        """Everything that runs before the program does."""
        stack = new_stack(directory)
        edit(stack, lambda sections: sections.update(charts={"mirror": str(directory / "charts")}))
        settings = load_stack_file(stack.file)
        program = record_program(preview=False, stack_file=stack.file)
        stand_ins.write(program, directory / "charts", directory / "scratch")
        with World(stack.world, passphrase(stack)) as world:
            authority = authorities(world, program.one(_SECRETS).urn)["k8s"]
        found = [real_servers.find(one).binary for one in real_programs.SUITES["real"][:5]]
        programs = control_plane.Programs(*found)
        vip = str(settings.network.vip)
        with contextlib.ExitStack() as running:
            server = running.enter_context(
                control_plane.running(programs, directory / "plane", str(settings.network.services), vip, authority)
            )
            routes = {f"{vip}:6443": server.api.port, "kubernetes.default.svc:443": server.api.port}
            proxy = running.enter_context(proxying(routes))
            differences = directory / "differences.jsonl"
            rig = Rig(
                binary=real_servers.find(real_programs.KUBERNETES_PROVIDER).binary,
                port=server.api.port,
                authority=server.trust.decode(),
                token=server.api.token,
                proxy=proxy.url,
                differences=differences,
                keys=directory / "vault.json",
            )
            cluster = Cluster(
                server=server,
                program=program,
                directory=directory / "plane",
                binaries=(
                    real_servers.find(real_programs.VAULT).binary,
                    real_servers.find(real_programs.EXTERNAL_SECRETS).binary,
                ),
                config=directory / "plane" / "kubeconfig",
                proxy=proxy.url,
                routes=routes,
                keys=rig.keys,
            )
            running.enter_context(cluster.running())
            yield cls(stack, server, Driver(stack, serve=rig.serve), differences)
