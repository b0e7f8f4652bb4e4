"""The configuration of one Talos node, rendered and applied."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumiverse_talos import machine

from components.talos.config import NodeRole
from components.talos.rollout import Rollout
from components.talos.secrets import machine_secrets, node_client
from settings.types import ClusterEndpoint


@dataclass(frozen=True, kw_only=True)
class TalosNodeArgs:
    """One node.

    Attributes:
        address: The node's own address, over which it is configured.
        version_contract: Release whose configuration format is used; not the release that is installed.
        patches: What departs from the generated configuration, as YAML.
        machine: What runs the node; the configuration is applied to it again when it is replaced.
        rollout: Whose turn it is when the configuration of a running node changes.
        node: Name of the node in it.
        installer: Image of the Talos that the patches name.
        after: Nodes that are configured first.
    """

    cluster_name: str
    cluster_endpoint: ClusterEndpoint
    role: NodeRole
    address: str
    version_contract: str
    kubernetes_version: str
    patches: Sequence[pulumi.Input[str]]
    secrets: machine.Secrets
    machine: pulumi.Resource
    rollout: Rollout
    node: str
    installer: str
    after: Sequence[pulumi.Resource] = ()


class TalosNode(pulumi.ComponentResource):
    """Creates `<name>`: the applied configuration.

    Changes that Talos can take while running are taken at once, others by a reboot of the node, another installer by an
    upgrade to it; either way one node at a time. The first configuration waits for nobody. Deleting it does
    nothing to the node, whose machine is deleted next. A reset on destroy would need the node to answer, so a dead one
    could not be removed, and the last control plane can never leave etcd, so `destroy` would hang.
    Take a node out by draining it, and a control plane also by `talosctl etcd leave`, before it leaves the stack file.

    Attributes:
        applied: The applied configuration.
    """

    applied: machine.ConfigurationApply

    def __init__(self, name: str, args: TalosNodeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:talos/node:TalosNode", name, None, opts)
        # Rendered by the provider without any network, so it works in a preview too.
        rendered = machine.get_configuration_output(
            cluster_name=args.cluster_name,
            cluster_endpoint=args.cluster_endpoint.url,
            machine_type=args.role.value,
            machine_secrets=machine_secrets(args.secrets),
            talos_version=args.version_contract,
            kubernetes_version=args.kubernetes_version.removeprefix("v"),
            config_patches=pulumi.Output.all(*args.patches),
            docs=False,
            examples=False,
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        self.applied = machine.ConfigurationApply(
            name,
            node=args.address,
            endpoint=args.address,
            client_configuration=node_client(args.secrets),
            machine_configuration_input=pulumi.Output.secret(rendered.machine_configuration),
            apply_mode="auto",
            # A wrong address looks like a hang: every error but a refused configuration is tried again.
            timeouts=machine.TimeoutArgs(create="10m", update="10m"),
            opts=pulumi.ResourceOptions(
                parent=self,
                # The machine must boot first; its address is known without it.
                depends_on=[args.machine, *args.after],
                hooks=args.rollout.hooks(args.node, args.installer),
                replace_with=[args.machine],
                additional_secret_outputs=["machineConfiguration", "machineConfigurationInput"],
            ),
        )
        # As applied, so that a failure leaves what was there before, for `make upgrade-plan`.
        runs = {"installer": args.installer, "kubernetesVersion": args.kubernetes_version}
        self.register_outputs({name: self._once_applied(value) for name, value in runs.items()})

    def _once_applied(self, value: str) -> pulumi.Output[str]:
        # Not by the id, which is known of what failed too.
        digest = self.applied.machine_configuration_hash
        return pulumi.Output.all(value, digest).apply(lambda known: str(known[0]))
