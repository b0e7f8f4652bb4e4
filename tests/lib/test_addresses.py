"""Addresses by arithmetic."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.addresses import mac_address, with_prefix

VM_IDS = st.integers(min_value=100, max_value=999_999_999)


@given(VM_IDS)
def test_a_mac_address_is_a_local_unicast_one_and_gives_the_vm_id_back(vm_id: int) -> None:
    octets = bytes.fromhex(mac_address(vm_id).replace(":", ""))
    assert len(octets) == 6, "a MAC address has six octets"
    assert octets[0] & 0b11 == 0b10, "a vendor's or a multicast address could collide or be dropped"
    assert int.from_bytes(octets[2:], "big") == vm_id, "two ids must never share an address"


def test_mac_addresses_are_written_as_proxmox_reports_them() -> None:
    assert mac_address(0xABCDEF) == "02:00:00:AB:CD:EF", "another spelling is a difference at every preview"


def test_an_id_that_does_not_fit_is_refused() -> None:
    with pytest.raises(OverflowError):
        mac_address(2**32)


def test_a_node_address_carries_the_length_of_its_network() -> None:
    assert with_prefix(IPv4Address("10.2.1.1"), IPv4Network("10.2.0.0/16")) == "10.2.1.1/16", (
        "with a shorter network the gateway would be out of reach"
    )
