"""Which Service may have which address of the load balancers.

Cilium gives any Service of type LoadBalancer the first free address of a pool that selects it, so an address that is
meant for one Service, present or not, needs a pool of its own. Of two pools that overlap Cilium disables the newer one
(Cilium 1.20, operator/pkg/lbipam/lbipam.go: `svcLabels`, `findRangeOfIP`, `settleConflicts`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from lib.names import SystemNamespace
from settings.infrastructure import LoadBalancers, NodeNetwork


@dataclass(frozen=True, kw_only=True)
class AddressPool:
    """Addresses, and who may have them.

    Attributes:
        blocks: First and last address of each block.
        service: Namespace and name of the only Service; None for any.
    """

    blocks: Sequence[tuple[IPv4Address, IPv4Address]]
    service: tuple[str, str] | None = None


def reserved(addresses: LoadBalancers) -> dict[str, AddressPool]:
    """The pool of each address that one Service alone may have, by setting. It stays while its service is off."""
    holders = {
        "ingress": (addresses.ingress, (SystemNamespace.TRAEFIK.value, "traefik")),
        "vault": (addresses.vault, (SystemNamespace.VAULT.value, "vault-api")),
        "git-ssh": (addresses.git_ssh, ("gitea", "gitea-ssh")),
        "dns": (addresses.dns, (SystemNamespace.DNS.value, "powerdns")),
        "dns-internet": (addresses.dns_internet, (SystemNamespace.DNS_INTERNET.value, "powerdns-internet")),
    }
    return {
        name: AddressPool(blocks=((address, address),), service=holder)
        for name, (address, holder) in holders.items()
        if address is not None
    }


def free(network: NodeNetwork) -> AddressPool:
    """What is left for the Services of others; without a block where every address is reserved."""
    first, last = network.pool
    taken = sorted(start for pool in reserved(network.load_balancers).values() for start, _ in pool.blocks)
    starts = (first, *(address + 1 for address in taken))
    stops = (*(address - 1 for address in taken), last)
    return AddressPool(blocks=tuple((start, stop) for start, stop in zip(starts, stops, strict=True) if start <= stop))
