"""A sound Proxmox on the loopback, and a stack that is to be made there."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from doubles.certificates import Authority
from doubles.loopback import serving
from doubles.proxmox import Host, Proxmox, storage
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.program import ROOT, secret_values
from tools.doctor.checks import OUTSIDE, outside
from tools.doctor.findings import Finding, Status
from tools.doctor.site import Site

CSI = "kubernetes-csi@pve!csi"
PROGRAM, SECRET = secret_values()["proxmoxApiToken"].split("=")
SETTINGS = load_stack_file(FIXTURES / "valid" / "minimal.yaml")
ROLES = {
    name: set(privileges.split())
    for name, privileges in re.findall(
        r'^pveum role add (\w+) --privs "([^"]+)"$',
        (ROOT / "docs" / "runbooks" / "proxmox-access.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}
"""What the page on access has people paste."""


@dataclass
class Network:
    """A network: who listens, who has an address, what the DNS says. By default the gateway is alone in it."""

    deaf: set[str] = field(default_factory=set)
    alive: set[str] = field(default_factory=lambda: {str(SETTINGS.network.gateway)})
    dns: dict[str, set[str]] = field(
        default_factory=lambda: {host: {str(address)} for host, address in SETTINGS.addresses.items()}
    )
    asked: list[str] = field(default_factory=list)
    programs: dict[str, str] = field(default_factory=dict)

    def connects(self, host: str, port: int) -> str:
        self.asked.append(f"{host}:{port}")
        return "Connection refused" if host in self.deaf else ""

    def serves(self, url: str) -> str:
        self.asked.append(url)
        return "no answer in time" if url in self.deaf else ""

    def answers(self, address: str) -> bool:
        return address in self.alive

    def resolves(self, host: str) -> set[str]:
        return self.dns.get(host, set())

    def program(self, name: str, *arguments: str) -> str:
        return self.programs.get(name, "")


Examine = Callable[..., list[Finding]]


@pytest.fixture
def proxmox() -> Proxmox:
    """A host with room, and the two users of the page."""
    storages = {"local": storage("iso,import,vztmpl"), "local-lvm": storage("images,rootdir", type="lvmthin")}
    return Proxmox(
        tokens={PROGRAM: SECRET, CSI: secret_values()["proxmoxCsiTokenSecret"]},
        acl={PROGRAM: {"/": ROLES["HomeCluster"]}, CSI: {"/": ROLES["CSI"]}},
        hosts={"pve": Host(storages=storages)},
    )


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def examine(proxmox: Proxmox, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Examine]:
    """What the named checks find at a stack file, by default `minimal`, whose Proxmox is the double."""
    authority = Authority("pve")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with serving(proxmox, authority.server()) as double:

        def found(*names: str, settings: Settings = SETTINGS, endpoint: str = "", **changes: Any) -> list[Finding]:
            insecure = changes.pop("insecure", False)
            assert settings.proxmox is not None
            section = settings.proxmox.model_copy(update={"endpoint": endpoint or double.url, "insecure": insecure})
            copy = settings.model_copy(update={"proxmox": section})
            site = Site(**{"settings": copy, "secrets": secret_values(), "reach": network, **changes})
            return list(outside(site, [one for one in OUTSIDE if one.name in names]))

        yield found


def failures(findings: list[Finding]) -> list[str]:
    """Details of those that failed."""
    return [one.detail for one in findings if one.status is Status.FAILED]
