"""Machine configuration of Talos: the patches on top of what the provider generates, as data.

Every document was decoded and validated with pkg/machinery v1.13.0, as control plane and as worker, in the modes metal
and cloud. Facts and the rejected forms: docs of Talos 1.13, reference/configuration.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import yaml

from lib.addresses import mac_address, with_prefix
from lib.kubernetes import ZONE
from settings.infrastructure import NodeNetwork
from settings.pools import Node

KUBE_PRISM_PORT = 7445
"""Port on every node's loopback behind which Talos balances the Kubernetes API; the CNI uses it, not the VIP."""

LINK = "net0"
"""Alias of the one network card. Its kernel name depends on kernel arguments and virtual hardware, its MAC does not."""

SYSTEM_DISK = "/dev/sda"
"""Disk `scsi0` of the VM."""

Document = dict[str, Any]

# Without the taint, and without the label that Talos generates to keep load balancers away (docs of Talos, workers on
# control planes). A label that is not there can be deleted too.
_WORKLOADS: Document = {
    "machine": {"nodeLabels": {"node.kubernetes.io/exclude-from-external-load-balancers": {"$patch": "delete"}}},
    "cluster": {"allowSchedulingOnControlPlanes": True},
}


class NodeRole(StrEnum):
    """Role of a node, in the words of Talos' machine types."""

    CONTROL_PLANE = "controlplane"
    WORKER = "worker"


def patches(  # noqa: PLR0913 - each is a fact of its own
    *,
    network: NodeNetwork,
    region: str,
    node: Node,
    role: NodeRole,
    carries_workloads: bool,
    installer: str,
    registry_mirrors: Mapping[str, Sequence[object]],
) -> list[str]:
    """The patches of one node, from general to particular; each is YAML of one document.

    `carries_workloads` is about control planes: whether they run what workers would.
    """
    documents = [_common(network, installer), *_host(network, node, region)]
    documents += mirrors(registry_mirrors, fallback=network.internet)
    if role is NodeRole.CONTROL_PLANE:
        documents += [_control_plane(network), _virtual_address(network)]
        documents += [_WORKLOADS] if carries_workloads else []
    return [to_yaml(document) for document in documents]


def to_yaml(document: Document) -> str:
    """YAML of one document; strings that YAML 1.1 takes for booleans, such as `off`, are quoted."""
    return yaml.safe_dump(document, sort_keys=True, default_flow_style=False)


def _common(network: NodeNetwork, installer: str) -> Document:
    """What holds for every node."""
    return {
        "machine": {
            # Proxmox imports the image, so nothing is installed at first; this is what a reinstallation goes back to.
            "install": {"disk": SYSTEM_DISK, "image": installer},
            "kubelet": {
                # The VIP moves from node to node, so it must never become a node's own address.
                "nodeIP": {"validSubnets": [str(network.nodes), f"!{network.vip}/32"]},
            },
            "features": {
                "kubePrism": {"enabled": True, "port": KUBE_PRISM_PORT},
                # The node's own cache of DNS; pods ask our CoreDNS, which asks the resolvers itself.
                "hostDNS": {"enabled": True, "forwardKubeDNSToHost": False},
            },
        },
        "cluster": {
            "network": {
                "cni": {"name": "none"},  # Cilium, which Pulumi installs
                "podSubnets": [str(network.pods)],
                "serviceSubnets": [str(network.services)],
            },
            "proxy": {"disabled": True},  # Cilium replaces it
            # Members find each other by the VIP; the service of Sidero Labs would tell them sooner.
            **({} if network.internet else {"discovery": {"enabled": False}}),
        },
    }


def _control_plane(network: NodeNetwork) -> Document:
    """What only control planes may say; on a worker most of it is rejected."""
    return {
        "cluster": {
            "apiServer": {"certSANs": [str(network.vip)]},
            "coreDNS": {"disabled": True},  # ours knows the platform's hosts
            "etcd": {"advertisedSubnets": [str(network.nodes), f"!{network.vip}/32"]},
        }
    }


def _host(network: NodeNetwork, node: Node, region: str) -> list[Document]:
    """Name, place and address of a node."""
    return [
        {
            "machine": {
                # The CSI plugin attaches a volume to the VM that the provider id names, and only in its own zone.
                "kubelet": {"extraArgs": {"provider-id": f"proxmox://{region}/{node.vm_id}"}},
                "nodeLabels": {
                    "topology.kubernetes.io/region": region,
                    ZONE: node.host,
                },
            }
        },
        # A contract of 1.12 or later generates `auto: stable`, which no host name may stand beside.
        document("HostnameConfig", auto="off", hostname=node.name),
        document(
            "LinkAliasConfig",
            name=LINK,
            selector={"match": f'mac(link.permanent_addr) == "{mac_address(node.vm_id).lower()}"'},
        ),
        # The cloud-init drive carries the same address, but only as far as the first configuration.
        document(
            "LinkConfig",
            name=LINK,
            up=True,
            addresses=[{"address": with_prefix(node.address, network.nodes)}],
            routes=[{"gateway": str(network.gateway)}],
        ),
        document("ResolverConfig", nameservers=[{"address": str(resolver)} for resolver in network.resolvers]),
        *([document("TimeSyncConfig", ntp={"servers": list(network.time_servers)})] if network.time_servers else ()),
    ]


def _virtual_address(network: NodeNetwork) -> Document:
    """The VIP: held by whichever control plane etcd elects, so it does not exist before bootstrap."""
    return document("Layer2VIPConfig", name=str(network.vip), link=LINK)


def mirrors(registry_mirrors: Mapping[str, Sequence[object]], *, fallback: bool = True) -> list[Document]:
    """Mirrors of image registries; with a `fallback` the registry itself is asked for what no mirror gives."""
    only: Document = {} if fallback else {"skipFallback": True}
    return [
        document("RegistryMirrorConfig", name=registry, endpoints=list(map(_endpoint, map(str, endpoints))), **only)
        for registry, endpoints in sorted(registry_mirrors.items())
    ]


def trusted_roots(certificates: Mapping[str, str]) -> list[Document]:
    """Certificate authorities (PEM, by name) that Talos and containerd trust, for everything."""
    return [document("TrustedRootsConfig", name=name, certificates=pem) for name, pem in sorted(certificates.items())]


def static_host(address: object, *hostnames: str) -> Document:
    """Names that a node knows without asking its resolvers, which need not know the platform.

    Two documents of one address add up: Talos merges those of one kind and name, and appends lists.
    """
    return document("StaticHostConfig", name=str(address), hostnames=list(hostnames))


def _endpoint(mirror: str) -> Document:
    """A mirror. A project of a registry, such as a proxy cache of Harbor, has the API's /v2 in its path already."""
    names_the_api = "/v2" in urlsplit(mirror).path
    return {"url": mirror, "overridePath": True} if names_the_api else {"url": mirror}


def document(kind: str, **fields: Any) -> Document:
    """One of the documents beside the v1alpha1 configuration."""
    return {"apiVersion": "v1alpha1", "kind": kind, **fields}
