"""The gate between the bootstrap of Kubernetes and its first use."""

from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_command import local

from components.talos.cluster import TalosCluster

_SCRIPT = Path(__file__).parents[2] / "lib" / "probes" / "api_server.py"
WAIT_SECONDS = 900
"""Pulling and starting etcd and the control plane takes minutes on a slow line."""


@dataclass(frozen=True, kw_only=True)
class ApiServerArgs:
    """The cluster whose API is waited for."""

    cluster: TalosCluster


class ApiServer(pulumi.ComponentResource):
    """Creates `<name>`: a command on the machine that deploys, which succeeds once the API answers on the VIP.

    It runs at creation and again when the cluster is bootstrapped anew or its certificates change. A gate inside the
    cluster cannot take its place, because the provider that would create it is what waits.

    Attributes:
        kubeconfig: The kubeconfig, secret, known only once the API answers. Configure providers with nothing else:
            pulumi-kubernetes marks a cluster that does not answer when the provider starts as unreachable for good.
    """

    kubeconfig: pulumi.Output[str]

    def __init__(self, name: str, args: ApiServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:talos/api_server:ApiServer", name, None, opts)
        access = args.cluster.client_configuration
        answered = local.Command(
            name,
            # From standard input: the path of the checkout must not become part of the state.
            create="python3 -",
            stdin=_SCRIPT.read_text(encoding="utf-8"),
            environment={
                "API_SERVER": access.host,
                "CA_CERTIFICATE": access.ca_certificate,
                "CLIENT_CERTIFICATE": access.client_certificate,
                "CLIENT_KEY": access.client_key,
                "SECONDS_TO_WAIT": str(WAIT_SECONDS),
            },
            triggers=[args.cluster.bootstrap.id],
            opts=pulumi.ResourceOptions(
                parent=self,
                # Every node is configured before anything is installed, and is still there when it is uninstalled.
                depends_on=list(args.cluster.configured),
                custom_timeouts=pulumi.CustomTimeouts(create=f"{WAIT_SECONDS + 60}s", update=f"{WAIT_SECONDS + 60}s"),
                additional_secret_outputs=["environment"],
            ),
        )
        self.kubeconfig = pulumi.Output.secret(
            pulumi.Output.all(answered.id, args.cluster.kubeconfig).apply(lambda known: str(known[1]))
        )
        self.register_outputs({"kubeconfig": self.kubeconfig})
