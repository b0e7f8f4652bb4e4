"""One node at a time: what an update waits for before and after it changes the configuration of a running node."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi import ErrorHook, ErrorHookArgs, ResourceHook, ResourceHookArgs, ResourceHookBinding
from pulumiverse_talos import machine

from components.talos import upgrade
from components.talos.secrets import kubeconfig_client
from settings.infrastructure import NodeNetwork, TalosSettings

SCRIPT = Path(__file__).parents[2] / "scripts" / "api_server.py"
BEFORE_SECONDS = 120
AFTER_SECONDS = 1200
"""A node reboots, and pulls the images of another Kubernetes on a slow line."""
HOLD_SECONDS = 60
"""Talos takes a configuration first and reboots then; a kubelet that stops is missed within half a minute."""


class RolloutError(Exception):
    """A node must not be changed now, or did not come back. The message says which and why."""


@dataclass(frozen=True, kw_only=True)
class RolloutArgs:
    """The nodes, and the credentials of the cluster."""

    network: NodeNetwork
    talos: TalosSettings
    secrets: machine.Secrets


class Rollout:
    """Lets one running node change at a time; creates nothing.

    Nodes that are configured for the first time do not wait: only updates do, by hooks of the engine. Before a node
    changes, every other control plane must be well, and for a worker every other worker too. It holds back the others
    until it is well itself. A node that does not come back ends the sequence; its own repair is not held back, since it
    is the one that is not asked. Why hooks: docs/adr/0018.

    Where the installer changes, the node comes to its Talos first: an old configuration fits a new Talos. Only then is
    the new one applied, so that the state names an installer that runs, and an update that was cut off goes on.
    """

    def __init__(self, name: str, args: RolloutArgs, parent: pulumi.Resource) -> None:
        self._name = name
        self._args = args
        self._parent = parent
        self._turn = asyncio.Lock()
        self._stopped = ""
        self._credentials: dict[str, str] | None = None
        self._controls = {node.name: str(node.address) for node in args.talos.control_plane.nodes}
        self._workers = [node.name for node in args.talos.worker_nodes]

    def hooks(self, node: str, installer: str) -> ResourceHookBinding:
        """What the applied configuration of `node` is bound to, which names `installer`."""
        name = f"{self._name}-{node}"

        async def before(args: ResourceHookArgs) -> None:
            await self.before(node, installer if await upgrade.is_needed(installer, args.old_inputs) else "")

        async def after(_: ResourceHookArgs) -> None:
            await self.after(node)

        def failed(args: ErrorHookArgs) -> bool:
            return self.failed(node, args.failed_operation)

        return ResourceHookBinding(
            before_update=[ResourceHook(f"{name}-before", before)],
            after_update=[ResourceHook(f"{name}-after", after)],
            on_error=[ErrorHook(f"{name}-failed", failed)],
        )

    async def before(self, node: str, installer: str = "") -> None:
        """Waits for the turn of `node`, which begins when all others are well, and brings it to another Talos.

        Raises:
            RolloutError: when one of them is not, or this or an earlier node did not come back.
        """
        await self._turn.acquire()
        try:
            if self._stopped:
                raise RolloutError(f"{node} is left as it is, because {self._stopped}")
            others = [name for name in self._controls if name != node]
            beside = others + [name for name in self._workers if node in self._workers and name != node]
            if beside:
                environment = {"NODES": ",".join(beside), "SECONDS_TO_WAIT": str(BEFORE_SECONDS)}
                await self._ask(node, others, environment, f"{node} is left as it is, because another node is not well")
            if installer:
                await self._upgrade(node, installer)
        except BaseException:
            self._turn.release()
            raise

    async def after(self, node: str) -> None:
        """Waits until `node` is well, and ends its turn.

        Raises:
            RolloutError: when it does not come back; no other node is changed then.
        """
        environment = {
            "NODES": node,
            "VERSION": f"v{self._args.talos.kubernetes_version.removeprefix('v')}",
            "SECONDS_TO_WAIT": str(AFTER_SECONDS),
            "SECONDS_TO_HOLD": str(HOLD_SECONDS),
        }
        try:
            await self._ask(node, [name for name in self._controls if name == node], environment, f"{node} is not well")
        except BaseException:
            self._stopped = f"{node} did not come back from its change"
            raise
        finally:
            self._turn.release()

    def failed(self, node: str, operation: str) -> bool:
        """Ends the turn of `node`, whose configuration could not be changed; not worth another try here."""
        if operation == "update":
            self._stopped = f"the configuration of {node} could not be changed"
            self._turn.release()
        return False

    async def _upgrade(self, node: str, installer: str) -> None:
        """Brings the node to the Talos of `installer`, or ends the sequence."""
        args = self._args
        try:
            arguments = upgrade.arguments(args.network, args.talos, args.secrets, node, installer)
            credentials = await self._access(node, str(upgrade.SETTLE_SECONDS))
            arguments["environment"] |= credentials
            await self._invoke("command:local:run", arguments)
        except Exception as error:
            self._stopped = f"{node} did not come to its Talos"
            raise RolloutError(f"{self._stopped} (docs/upgrades.md): {error}") from error

    async def _ask(self, node: str, controls: list[str], environment: Mapping[str, str], otherwise: str) -> None:
        """Runs the probe: `controls` at their own addresses, then the cluster at its own."""
        vip = self._args.network.cluster_endpoint.url
        servers = [f"https://{self._controls[name]}:6443" for name in controls] + [vip]
        try:
            credentials = await self._access(node, environment["SECONDS_TO_WAIT"])
            arguments: dict[str, Any] = {
                "interpreter": [sys.executable],
                "command": "-",
                "stdin": SCRIPT.read_text(encoding="utf-8"),
                "environment": {"API_SERVERS": ",".join(servers), **environment, **credentials},
            }
            await self._invoke("command:local:run", arguments)
        except Exception as error:
            raise RolloutError(f"{otherwise} (docs/runbooks/nodes.md): {error}") from error

    async def _access(self, node: str, seconds: str) -> dict[str, str]:
        """The administrator's certificates, fresh from a control plane that does not change at the same time."""
        if self._credentials is None:
            address = next((at for name, at in self._controls.items() if name != node), self._controls.get(node))
            answer = await self._invoke(
                "talos:cluster/getKubeconfig:getKubeconfig",
                {
                    "node": address,
                    "endpoint": address,
                    "clientConfiguration": kubeconfig_client(self._args.secrets),
                    "timeouts": {"read": f"{seconds}s"},
                },
            )
            found = answer["kubernetesClientConfiguration"]
            self._credentials = {
                "CA_CERTIFICATE": found["caCertificate"],
                "CLIENT_CERTIFICATE": found["clientCertificate"],
                "CLIENT_KEY": found["clientKey"],
            }
        return self._credentials

    async def _invoke(self, token: str, arguments: Mapping[str, Any]) -> Any:
        """Asks a provider; a plain function of the SDK would end the program when the answer is an error."""
        return await pulumi.runtime.invoke_async(token, arguments, pulumi.InvokeOptions(parent=self._parent))
