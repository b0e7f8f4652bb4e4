"""The program, the control plane, and what runs the one on the other."""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.checkout import Stack, passphrase
from lab.driver import Driver
from lab.providers.talos.secrets import authorities
from lab.world import World
from reporting.events import Event
from stack_file.load import load_stack_file
from tests.engine.platform import edit, new_stack
from tests.real.kubernetes.server import Server
from tests.real.proxy import proxying
from tests.real.rig import control_plane, stand_ins
from tests.real.rig.bridge import PATIENCE
from tests.real.rig.cluster import Cluster, operators
from tests.real.rig.seen import Seen
from tests.real.rig.serving import Rig
from tests.support.program import record_program
from tools import real_programs, real_servers

_GRACE, _PAUSE = 120.0, 0.2
"""Seconds."""
_SECRETS = "talos:machine/secrets:Secrets"


@dataclass(frozen=True)
class Running:
    """The rig.

    Attributes:
        stack: Its stack.
        server: The API server.
        driver: Runs operations.
        rig: What the driver tells an operation of the control plane.
    """

    stack: Stack
    server: Server
    driver: Driver
    rig: Rig

    def differences(self) -> list[dict[str, Any]]:
        """Where the lab came to something else than the official provider so far."""
        file = self.rig.differences
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []

    @property
    def seen(self) -> Seen:
        """What it has come to."""
        return Seen(self.server.api, self.rig.keys, self.stack)

    def killed_inside(self, service: str) -> str:
        """Kill an update while Helm installs a service, whose pods are held back for that; the release's status."""
        quotas, name = f"/api/v1/namespaces/{service}/resourcequotas", "no-pods"
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {"hard": {"pods": 0}}}

        def begun(event: Event) -> bool:
            resource = str(event.get("urn")).rpartition("::")[2]
            if (event["event"], resource) == ("done", f"{service}-namespace"):
                self.server.api.ask("POST", quotas, quota)
            if (event["event"], resource) != ("start", f"{service}-release"):
                return False
            patience = time.monotonic() + PATIENCE
            while not self.seen.release(service) and time.monotonic() < patience:
                time.sleep(_PAUSE)
            return True

        assert self.driver.killed(begun), f"the update came to {service}"
        self.server.api.expect("DELETE", f"{quotas}/{name}")
        return self.seen.release(service)

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
            differences, config = directory / "differences.jsonl", directory / "plane" / "kubeconfig"
            rig = Rig(
                binary=real_servers.find(real_programs.KUBERNETES_PROVIDER).binary,
                port=server.api.port,
                authority=server.trust.decode(),
                token=server.api.token,
                proxy=proxy.url,
                differences=differences,
                keys=directory / "vault.json",
                config=config,
            )
            cluster = Cluster(
                server=server,
                program=program,
                directory=directory / "plane",
                binary=real_servers.find(real_programs.VAULT).binary,
                operators=operators(
                    real_servers.find(real_programs.EXTERNAL_SECRETS).binary,
                    real_servers.find(real_programs.CERT_MANAGER).binary,
                    config,
                ),
                config=config,
                proxy=proxy.url,
                routes=routes,
                keys=rig.keys,
            )
            running.enter_context(cluster.running())
            # What the lab waits for comes from programs that a busy machine may keep waiting.
            yield cls(stack, server, Driver(stack, grace=_GRACE, serve=rig.serve), rig)
