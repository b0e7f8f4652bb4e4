"""Each URL, host and port that the program advertises leads to somebody who listens there."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from lab.providers.kubernetes.chart_values import hosts
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tests.support.engine import Recording
from tests.support.objects import namespace_of, objects, releases
from tests.support.profiles import profile_file
from tests.support.program import record_program
from tests.support.wire import walk

_URL = re.compile(r"\b([a-z]+)://(?:[^\s/@\"']*@)?([a-z0-9.-]+)(?::(\d+))?")
_SCHEMES = {"http": 80, "https": 443, "ssh": 22}
_REQUEST = "lbipam.cilium.io/ips"
# Ports of the Services that charts expose, as their values have them (ports.*.exposedPort, service.ssh.port).
_CHART_PORTS = {"traefik": {80, 443}, "gitea": {22}}
STACKS = (
    SHIPPED,
    *(FIXTURES / "valid" / f"{name}.yaml" for name in ("applications", "every-key", "services-off")),
    profile_file("small"),
)


class Place(NamedTuple):
    """Where somebody is told to connect to."""

    host: str
    port: int


class Listener(NamedTuple):
    """Who has an address, and on which ports."""

    who: str
    ports: set[int]


@pytest.fixture(params=STACKS, ids=lambda path: path.stem)
def stack(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def advertised(recording: Recording, settings: Settings) -> Iterator[tuple[Place, str]]:
    """Every place in the domain, of an application, or at an address of the node network, and who says it."""
    elsewhere = _addresses(settings) | _others(settings).keys()
    texts = [(str(one), text) for one in recording.resources for _, text, _ in one.strings()]
    texts += [("stack outputs", value) for _, value in walk(recording.stack_outputs.values) if isinstance(value, str)]
    for who, text in texts:
        for scheme, host, port in _URL.findall(text):
            domain = settings.cluster.domain
            if host == domain or host.endswith(f".{domain}") or host in elsewhere:
                yield Place(host, int(port or _SCHEMES[scheme])), who
    for one in releases(recording):
        server = one.get("values", "gitea", "config", "server")
        if server is not None:
            yield Place(server["SSH_DOMAIN"], server.get("SSH_PORT", 22)), "the address to clone from"


def _others(settings: Settings) -> dict[str, int]:
    """Hosts of what this program does not bring up, and their port."""
    proxied = dict.fromkeys((one.host for one in settings.identity.proxied.values()), _SCHEMES["https"])
    return proxied | {one.host: one.port for one in settings.identity.applications.values()}


def _addresses(settings: Settings) -> set[str]:
    pool = settings.network.load_balancers
    return {str(one) for one in (settings.network.vip, pool.ingress, pool.vault, pool.git_ssh)}


def listeners(recording: Recording, settings: Settings) -> Mapping[str, Listener]:
    """Who listens at each address outside the pods."""
    found = {str(settings.network.vip): Listener("the API server", {6443})}
    for one in releases(recording):
        for path, value in walk(one.get("values") or {}):
            if path[-1] == _REQUEST:
                found[value] = Listener(one.get("chart"), _CHART_PORTS[one.get("chart")])
    for one in objects(recording):
        address = (one.get("metadata", "annotations") or {}).get(_REQUEST)
        if address is not None:
            found[address] = Listener(namespace_of(one), {item["port"] for item in one.get("spec", "ports")})
    return found


def names(recording: Recording) -> Mapping[str, str]:
    """Address of each name that pods resolve without the world."""
    corefile: str = recording.one("kubernetes:core/v1:ConfigMap", "coredns-corefile").get("data", "Corefile")
    return {name: address for address, name in re.findall(r"^\s*([\d.]+) (\S+)$", corefile, re.MULTILINE)}


def served(recording: Recording) -> set[str]:
    """Hosts that the ingress knows."""
    found = {host for one in releases(recording) for host in hosts(one.get("chart").split("/")[-1], one.get("values"))}
    for one in recording.of_type("kubernetes:networking.k8s.io/v1:Ingress"):
        found |= {rule["host"] for rule in one.get("spec", "rules")}
    return found


def test_somebody_listens_wherever_anybody_is_sent(stack: Path) -> None:
    recording, settings = record_program(preview=False, stack_file=stack), load_stack_file(stack)
    known, listening = names(recording), listeners(recording, settings)
    # What GitOps brings is served by its own Ingress or listens itself, and found by the DNS of the LAN.
    others = _others(settings)
    told = dict(advertised(recording, settings))
    for place, who in told.items():
        assert place.port == others.get(place.host, place.port), f"{who} sends people to {place}, which is not declared"
    places = {place: who for place, who in told.items() if place.host not in others}
    assert len(places) > 3, "there is something to look at"
    for place, who in places.items():
        address = known.get(place.host, place.host)
        assert address in listening, f"{who} sends people to {place}, which leads to {address}, where nobody is"
        assert place.port in listening[address].ports, f"{who} sends people to {place}, where {listening[address]} is"
        if address == str(settings.network.load_balancers.ingress):
            assert place.host in served(recording), f"{who} sends people to {place}, which no Ingress has"


def test_the_lan_is_told_the_same_addresses_as_the_pods(stack: Path) -> None:
    recording, settings = record_program(preview=False, stack_file=stack), load_stack_file(stack)
    told = {name: str(address) for name, address in settings.addresses.items()}
    assert told == names(recording), "README's DNS step, make smoke and CoreDNS send everybody to the same place"
