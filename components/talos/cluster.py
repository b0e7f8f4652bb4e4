"""Talos on every node, and the Kubernetes that comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumiverse_talos as talos
from pulumiverse_talos import machine

from components.talos.bootstrap import cut_off
from components.talos.config import NodeRole, patches
from components.talos.node import TalosNode, TalosNodeArgs
from components.talos.pool import pool_patches
from components.talos.rollout import Rollout, RolloutArgs
from components.talos.secrets import TalosSecrets, kubeconfig_client, node_client, talosconfig_client
from settings.infrastructure import ClusterSettings, NodeNetwork, TalosSettings
from settings.pools import ControlPlanes


@dataclass(frozen=True, kw_only=True)
class TalosClusterArgs:
    """Nodes and what they have in common.

    Attributes:
        region: Topology region of the nodes.
        installers: Container image that installs what the nodes of a pool run, by the key of the pool.
        machines: The machine of each node, by the name of the node.
        node_patches: Further patches of every node, as YAML.
        control_plane_patches: Further patches of control planes, as YAML.
    """

    cluster: ClusterSettings
    network: NodeNetwork
    talos: TalosSettings
    region: str
    secrets: TalosSecrets
    installers: Mapping[str, str]
    machines: Mapping[str, pulumi.Resource]
    node_patches: Sequence[pulumi.Input[str]] = ()
    control_plane_patches: Sequence[pulumi.Input[str]] = ()


class TalosCluster(pulumi.ComponentResource):
    """Creates:

    - `<name>-<node>`: a TalosNode (the applied configuration) for each node.
    - `<name>-bootstrap`: starts etcd on the first control plane, once in the life of the cluster.
    - `<name>-kubeconfig`: the administrator's kubeconfig, renewed a month before it expires.

    Every call to Talos goes to a node's own address. The VIP, which the kubeconfig names, is held by an election of
    etcd and therefore exists only some time after bootstrap.

    Attributes:
        bootstrap: The bootstrap.
        kubeconfig: The kubeconfig, secret, known as soon as Talos gives it: the API may not answer yet.
        client_configuration: Host and certificates of that kubeconfig, in base64, secret.
        configured: The applied configuration of every node.
        control_planes: Digests of the configurations of the control planes; others when their API servers restart.
        talosconfig: Configuration of `talosctl`, secret.
    """

    bootstrap: machine.Bootstrap
    kubeconfig: pulumi.Output[str]
    client_configuration: pulumi.Output[talos.cluster.outputs.KubeconfigKubernetesClientConfiguration]
    configured: Sequence[pulumi.Resource]
    control_planes: pulumi.Output[str]
    talosconfig: pulumi.Output[str]

    def __init__(self, name: str, args: TalosClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:talos/cluster:TalosCluster", name, None, opts)
        rollout = Rollout(
            name, RolloutArgs(network=args.network, talos=args.talos, secrets=args.secrets.secrets), parent=self
        )
        controls = self._configure(name, args, NodeRole.CONTROL_PLANE, rollout)
        # No kubelet may be newer than the API servers: https://kubernetes.io/releases/version-skew-policy/#kubelet
        workers = self._configure(name, args, NodeRole.WORKER, rollout, after=controls)
        self.configured = [*controls, *workers]
        self.control_planes = pulumi.Output.all(*(applied.machine_configuration_hash for applied in controls)).apply(
            lambda digests: " ".join(map(str, digests))
        )
        self.bootstrap = self._bootstrap(name, args, controls)
        issued = self._kubeconfig(name, args)
        self.kubeconfig = issued.kubeconfig_raw
        self.client_configuration = issued.kubernetes_client_configuration
        self.talosconfig = self._talosconfig(args)
        self.register_outputs({"kubeconfig": self.kubeconfig, "talosconfig": self.talosconfig})

    def _configure(
        self,
        name: str,
        args: TalosClusterArgs,
        role: NodeRole,
        rollout: Rollout,
        after: Sequence[pulumi.Resource] = (),
    ) -> list[machine.ConfigurationApply]:
        controls = role is NodeRole.CONTROL_PLANE
        return [
            TalosNode(
                f"{name}-{node.name}",
                TalosNodeArgs(
                    cluster_name=args.cluster.name,
                    cluster_endpoint=args.network.cluster_endpoint,
                    role=role,
                    address=str(node.address),
                    version_contract=args.talos.version_contract,
                    kubernetes_version=args.talos.kubernetes_version,
                    patches=[
                        *patches(
                            network=args.network,
                            region=args.region,
                            node=node,
                            role=role,
                            carries_workloads=args.talos.schedulable,
                            installer=args.installers[key],
                            registry_mirrors=args.talos.registry_mirrors,
                        ),
                        *pool_patches(key, pool),
                        *args.node_patches,
                        *(args.control_plane_patches if controls else ()),
                    ],
                    secrets=args.secrets.secrets,
                    machine=args.machines[node.name],
                    rollout=rollout,
                    node=node.name,
                    installer=args.installers[key],
                    after=after,
                ),
                pulumi.ResourceOptions(parent=self),
            ).applied
            for key, pool in args.talos.pools.items()
            if isinstance(pool, ControlPlanes) is controls
            for node in pool.nodes
        ]

    def _bootstrap(
        self, name: str, args: TalosClusterArgs, control_planes: Sequence[pulumi.Resource]
    ) -> machine.Bootstrap:
        first = str(args.talos.bootstrap_endpoint)
        return machine.Bootstrap(
            f"{name}-bootstrap",
            node=first,
            endpoint=first,
            client_configuration=node_client(args.secrets.secrets),
            timeouts=machine.BootstrapTimeoutsArgs(create="10m"),
            opts=pulumi.ResourceOptions(
                parent=self,
                # No data flows, but etcd's first member must know its configuration, and the others must find it.
                depends_on=list(control_planes),
                # Another first node in the stack file is an update, which does nothing: it starts no second etcd.
                hooks=pulumi.ResourceHookBinding(on_error=[cut_off(f"{name}-bootstrap", self)]),
            ),
        )

    def _kubeconfig(self, name: str, args: TalosClusterArgs) -> talos.cluster.Kubeconfig:
        first = str(args.talos.bootstrap_endpoint)
        return talos.cluster.Kubeconfig(
            f"{name}-kubeconfig",
            node=first,
            endpoint=first,
            client_configuration=kubeconfig_client(args.secrets.secrets),
            certificate_renewal_duration="720h",
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[self.bootstrap],  # before it there is no Kubernetes CA to sign with
                # Secret at the source: Output.secret would turn the typed output into a plain mapping.
                additional_secret_outputs=["kubeconfigRaw", "kubernetesClientConfiguration"],
            ),
        )

    def _talosconfig(self, args: TalosClusterArgs) -> pulumi.Output[str]:
        configuration = talos.client.get_configuration_output(
            cluster_name=args.cluster.name,
            client_configuration=talosconfig_client(args.secrets.secrets),
            nodes=[str(node.address) for node in args.talos.nodes],
            # Never the VIP: without etcd it is gone, and that is when talosctl is needed most.
            endpoints=[str(node.address) for node in args.talos.control_plane.nodes],
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        return pulumi.Output.secret(configuration.talos_config)
