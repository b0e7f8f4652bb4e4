"""Whatever numbers a person types, the checks give an answer in words and never crash."""

from copy import deepcopy
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stack_file.load import SettingsError, parse
from tests.stack_file.stacks import FIXTURES, sections

MINIMAL = sections(FIXTURES / "valid" / "minimal.yaml")

# Close together on purpose: clashes are what is looked for.
near = st.integers(min_value=0, max_value=40).map(lambda offset: str(IPv4Address("10.2.0.0") + offset))
networks = st.builds(
    lambda base, prefix: str(IPv4Network((base, prefix), strict=False)),
    st.integers(min_value=0, max_value=2**32 - 1),
    st.integers(min_value=0, max_value=32),
)


def _network(**changes: Any) -> dict[str, Any]:
    given_sections = deepcopy(MINIMAL)
    given_sections["network"] |= changes
    return given_sections


def _refusal(stack: dict[str, Any]) -> list[str]:
    try:
        parse(stack)
    except SettingsError as error:
        return str(error).splitlines()
    return []


@given(nodes=networks, pods=networks, services=networks)
def test_networks_are_refused_exactly_when_they_overlap(nodes: str, pods: str, services: str) -> None:
    overlapping = any(one.overlaps(other) for one, other in combinations(map(IPv4Network, (nodes, pods, services)), 2))
    told = any("overlaps" in line for line in _refusal(_network(nodes=nodes, pods=pods, services=services)))
    assert told == overlapping, "neither a clash untold nor a clash invented"


@given(st.fixed_dictionaries(dict.fromkeys(("vip", "gateway", "first", "last", "ingress", "vault", "gitSsh"), near)))
def test_addresses_that_pass_are_distinct_and_where_they_belong(at: dict[str, str]) -> None:
    pool = {key: at[key] for key in ("first", "last", "ingress", "vault", "gitSsh")}
    refusal = _refusal(_network(vip=at["vip"], gateway=at["gateway"], loadBalancers=pool))
    balancers = [IPv4Address(at[key]) for key in ("ingress", "vault", "gitSsh")]
    low, high = IPv4Address(at["first"]), IPv4Address(at["last"])
    others = [IPv4Address(at["vip"]), IPv4Address(at["gateway"])]
    sound = (
        len({*balancers, *others}) == len(balancers) + len(others)
        and all(low <= address <= high for address in balancers)
        and not any(low <= address <= high for address in others)
        and IPv4Address("10.2.0.0") not in {*balancers, *others}
    )
    assert (not refusal) == sound, f"refused with {refusal}"


@given(st.lists(st.integers(min_value=100, max_value=110), min_size=1, max_size=6))
def test_vm_ids_and_control_planes_are_counted_right(ids: list[int]) -> None:
    stack = deepcopy(MINIMAL)
    stack["talos"]["controlPlane"]["nodes"] = [
        {"name": f"control{place}", "vmId": vm_id, "address": f"10.2.1.{place + 1}", "host": "pve"}
        for place, vm_id in enumerate(ids)
    ]
    refusal = "\n".join(_refusal(stack))
    assert ("is already the id of" in refusal) == (len(set(ids)) < len(ids)), "an id is used once"
    assert ("give etcd no majority" in refusal) == (len(ids) % 2 == 0), "control planes are odd in number"


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(MINIMAL)), junk)
def test_any_value_in_place_of_a_section_is_refused_in_words(section: str, value: Any) -> None:
    refusal = _refusal(MINIMAL | {section: value})
    assert all(": " in line for line in refusal), "every line names a key and says something"
    assert refusal or (section == "databases" and value == {}), f"{value!r} is no {section}"
