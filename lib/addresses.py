"""Addresses that follow from the stack file by arithmetic."""

from ipaddress import IPv4Address, IPv4Network

_LOCAL_UNICAST = 0x02
"""First octet of a locally administered unicast MAC address (IEEE 802, bits 0 and 1)."""


def mac_address(vm_id: int) -> str:
    """MAC address of a VM: fixed, so that Talos finds its network card before any DHCP or DNS exists.

    Locally administered, so it cannot collide with the BC:24:11 addresses that Proxmox draws at random. The last four
    octets are the VM id. Upper case, as Proxmox reports it.

    Raises:
        OverflowError: when the id does not fit into four octets.
    """
    octets = [_LOCAL_UNICAST, 0x00, *vm_id.to_bytes(4, "big")]
    return ":".join(f"{octet:02X}" for octet in octets)


def with_prefix(address: IPv4Address, network: IPv4Network) -> str:
    """`address` with the prefix length of its network, such as 10.2.1.1/16."""
    return f"{address}/{network.prefixlen}"
