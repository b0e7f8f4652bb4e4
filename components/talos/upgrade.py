"""Another Talos on a running node: when an update needs it, and what it is carried out with."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumiverse_talos import machine

from settings.infrastructure import NodeNetwork, TalosSettings

PROGRAM = "scripts.talos_upgrade"
"""Module below the checkout: it shares its questions to Kubernetes with scripts/api_server.py."""
SETTLE_SECONDS = 300
RETURN_SECONDS = 1200
_CONFIGURATION = "machineConfigurationInput"


class NoQuorumError(Exception):
    """The node must not go down."""


async def is_needed(installer: str, inputs: Mapping[str, Any] | None) -> bool:
    """Whether the configuration that was applied last, among the old inputs, names another installer."""
    applied = await pulumi.Output.from_input((inputs or {}).get(_CONFIGURATION)).future()
    # As a whole: v1.13.1 begins v1.13.10.
    return re.search(rf"{re.escape(installer)}(?![\w.-])", str(applied)) is None


def arguments(
    network: NodeNetwork, talos: TalosSettings, secrets: machine.Secrets, node: str, installer: str
) -> dict[str, Any]:
    """Arguments of `command:local:run` that bring a node to the Talos of an installer, but for those of Kubernetes.

    Raises:
        NoQuorumError: where etcd has two members, and this node is one.
    """
    controls = {one.name: str(one.address) for one in talos.control_plane.nodes}
    if node in controls and len(controls) == 2:  # noqa: PLR2004 - of two members each is needed
        raise NoQuorumError("etcd has two members and needs both; add the third control plane first")
    address = next(str(one.address) for one in talos.nodes if one.name == node)
    # The others first: they answer while this one is away.
    servers = [f"https://{at}:6443" for _, at in sorted(controls.items(), key=lambda one: one[0] == node)]
    credentials = secrets.client_configuration
    return {
        "interpreter": [sys.executable, "-m"],
        "command": PROGRAM,
        "dir": str(Path(__file__).parents[2]),
        "environment": {
            "API_SERVERS": ",".join([*servers, network.cluster_endpoint.url]),
            "NODE": node,
            "ADDRESS": address,
            # For a worker talosctl asks a control plane for the kubeconfig that it drains with.
            "ENDPOINT": controls.get(node, str(talos.bootstrap_endpoint)),
            "IMAGE": installer,
            "DRAIN": str(any(one.name != node for one in talos.workload_nodes)).lower(),
            "SECONDS_TO_WAIT": str(SETTLE_SECONDS),
            "SECONDS_TO_RETURN": str(RETURN_SECONDS),
            "TALOS_CA": credentials.apply(lambda one: one.ca_certificate),
            "TALOS_CERTIFICATE": credentials.apply(lambda one: one.client_certificate),
            "TALOS_KEY": credentials.apply(lambda one: one.client_key),
        },
    }
