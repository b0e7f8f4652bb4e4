"""The gate between the bootstrap of Kubernetes and its first use."""

from dataclasses import dataclass

import pulumi
from pulumi_command import local

from components.barrier import behind, passed
from components.talos.cluster import TalosCluster
from components.talos.rollout import SCRIPT

WAIT_SECONDS = 900
"""Pulling and starting etcd and the control plane takes minutes on a slow line."""


@dataclass(frozen=True, kw_only=True)
class ApiServerArgs:
    """The cluster whose API is waited for."""

    cluster: TalosCluster


class ApiServer(pulumi.ComponentResource):
    """Creates `<name>`: a command on the machine that deploys, which succeeds once the API answers on the VIP; and
    `<name>-answers`, which stands for it.

    It runs at creation and again, in place, when the configuration of a control plane or the certificates change. A
    gate inside the cluster cannot take its place, because the provider that would create it is what waits.

    Attributes:
        answers: Gate: the API answers. Nearly everything depends on it through its provider.
        kubeconfig: The kubeconfig, secret, known only once the API answers. Configure providers with nothing else:
            pulumi-kubernetes marks a cluster that does not answer when the provider starts as unreachable for good.
    """

    answers: pulumi.Resource
    kubeconfig: pulumi.Output[str]

    def __init__(self, name: str, args: ApiServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:talos/api_server:ApiServer", name, None, opts)
        access = args.cluster.client_configuration
        answered = local.Command(
            name,
            # From standard input, and relative: the path of the checkout must not become part of the state. Plugins run
            # in the checkout, and Pulumi.yaml runs the program in the same environment.
            create=".venv/bin/python -",
            stdin=SCRIPT.read_text(encoding="utf-8"),
            environment={
                "API_SERVERS": access.host,
                "CA_CERTIFICATE": access.ca_certificate,
                "CLIENT_CERTIFICATE": access.client_certificate,
                "CLIENT_KEY": access.client_key,
                "SECONDS_TO_WAIT": str(WAIT_SECONDS),
                # No trigger: that would replace the gate, and nothing behind it would be known in a preview.
                "CONTROL_PLANES": args.cluster.control_planes,
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                # Every node is configured before anything is installed, and is still there when it is uninstalled.
                depends_on=list(args.cluster.configured),
                custom_timeouts=pulumi.CustomTimeouts(create=f"{WAIT_SECONDS + 60}s", update=f"{WAIT_SECONDS + 60}s"),
                additional_secret_outputs=["environment"],
            ),
        )
        self.answers = passed(f"{name}-answers", answered)
        kubeconfig = pulumi.Output.all(answered.id, args.cluster.kubeconfig).apply(lambda known: str(known[1]))
        self.kubeconfig = behind(self.answers, pulumi.Output.secret(kubeconfig))
        self.register_outputs({"kubeconfig": self.kubeconfig})
