"""Volumes from the storage of Proxmox."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import yaml

from components.custom_resource import value_after
from components.helm import ReleaseArgs, release
from components.kubernetes.values.proxmox_csi import CONFIG_KEY, METRICS_PORT, ProxmoxCsiValues, plugin_config, values
from components.namespace import Namespace, NamespaceArgs
from lib import names
from lib.charts import Chart
from lib.kubernetes import PodSecurity
from settings.infrastructure import StorageSettings
from settings.proxmox import ProxmoxSettings


@dataclass(frozen=True, kw_only=True)
class ProxmoxCsiArgs:
    """The storage and who may use it.

    Attributes:
        token_secret: Secret of the API token `proxmox.csi.tokenId`, which is not this program's own token.
        monitored: Whether the controller serves metrics.
        tolerated: Keys of taints of nodes whose pods have volumes, too.
        after: A network and DNS for pods.
    """

    chart: Chart
    proxmox: ProxmoxSettings
    token_secret: pulumi.Input[str]
    storage: StorageSettings
    monitored: bool = False
    tolerated: Sequence[str] = ()
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class ProxmoxCsi(pulumi.ComponentResource):
    """Creates:

    - `<name>-namespace`: Namespace `csi-proxmox`, privileged: the plugin mounts volumes on the node.
    - `<name>-config`: Secret with the configuration of the plugin.
    - `<name>-release`: the chart with two StorageClasses, the default of the stack file and the same as scratch space.

    Attributes:
        storage_class: Name of the default StorageClass; using it as an input makes the order.
        digest: Fingerprint of the release, with its StorageClasses.
        scratch_class: Name of the StorageClass whose volumes are deleted with their claims.
    """

    storage_class: pulumi.Output[str]
    scratch_class: pulumi.Output[str]
    digest: pulumi.Output[str]

    def __init__(self, name: str, args: ProxmoxCsiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/proxmox_csi:ProxmoxCsi", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = Namespace(
            f"{name}-namespace",
            NamespaceArgs(
                name=names.SystemNamespace.CSI_PROXMOX,
                pod_security=PodSecurity.PRIVILEGED,
                metrics_ports=(METRICS_PORT,),
                among_themselves=False,
            ),
            child,
        ).namespace
        config = k8s.core.v1.Secret(
            f"{name}-config",
            metadata={"name": "proxmox-csi-config", "namespace": namespace},
            string_data={CONFIG_KEY: _config(args)},
            opts=child,
        )
        class_name = args.storage.class_name
        scratch_name = f"{class_name}-scratch"
        installed = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart,
                release="proxmox-csi-plugin",
                namespace=namespace,
                values=values(
                    ProxmoxCsiValues(
                        config_secret=config.metadata.name,
                        class_name=class_name,
                        scratch_class_name=scratch_name,
                        datastore=args.proxmox.csi.datastore,
                        reclaim_policy=args.storage.reclaim_policy,
                        monitored=args.monitored,
                        tolerated=args.tolerated,
                    )
                ),
            ),
            pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.digest = installed.digest
        self.storage_class = value_after(installed, class_name)
        self.scratch_class = value_after(installed, scratch_name)
        self.register_outputs({"storage_class": self.storage_class})


def _config(args: ProxmoxCsiArgs) -> pulumi.Output[str]:
    """The configuration as YAML, secret."""

    def text(token_secret: str) -> str:
        config: dict[str, Any] = plugin_config(
            endpoint=str(args.proxmox.endpoint),
            insecure=args.proxmox.insecure,
            region=args.proxmox.region,
            token_id=args.proxmox.csi.token_id,
            token_secret=token_secret,
        )
        return yaml.safe_dump(config, sort_keys=False)

    return pulumi.Output.secret(args.token_secret).apply(text)
