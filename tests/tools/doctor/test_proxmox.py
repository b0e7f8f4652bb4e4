"""What doctor asks a Proxmox on the loopback, and what it says of each thing that is not as it must be."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from components.proxmox import privileges
from doubles.proxmox import GIB, Proxmox
from settings.proxmox import ProxmoxSettings
from stack_file.load import load_stack_file
from stack_file.machines import VM
from tests.stack_file.stacks import FIXTURES
from tests.tools.doctor.conftest import CSI, PROGRAM, ROLES, SETTINGS, Examine, failures
from tools.doctor.findings import Status

Spoil = Callable[[Proxmox], object]


def guest(vmid: int, name: str = "nas", node: str = "pve", memory: int = 4, status: str = "running") -> dict[str, Any]:
    """An entry of /cluster/resources?type=vm."""
    return {"vmid": vmid, "name": name, "node": node, "maxmem": memory * GIB, "status": status, "type": "qemu"}


def with_machines(*ids: int) -> dict[str, Any]:
    """The state after these VMs were made."""
    return {"deployment": {"resources": [{"type": VM, "inputs": {"vmId": one, "name": f"vm{one}"}} for one in ids]}}


@pytest.mark.parametrize("version", ["8.4.14", "9.1.4"])
def test_a_sound_proxmox_lets_the_tokens_of_the_page_do_everything(
    examine: Examine, proxmox: Proxmox, version: str
) -> None:
    proxmox.version = version
    found = examine("Proxmox", "clock", "privileges", "hosts", "VM ids", "memory", "storage", "image of Talos")
    assert {one.status for one in found} == {Status.OK}, [f"{one.check}: {one.detail}" for one in found]


def test_the_roles_of_the_page_hold_what_is_needed_and_no_more() -> None:
    assert isinstance(SETTINGS.proxmox, ProxmoxSettings)
    tokens = {
        "HomeCluster": privileges.of_program(SETTINGS),
        "CSI": privileges.of_csi(SETTINGS, SETTINGS.proxmox),
    }
    needed = {role: {one for grant in grants for one in grant.privileges} for role, grants in tokens.items()}
    assert needed == ROLES, "people paste them"


def test_what_a_pool_takes_beside_is_needed_too() -> None:
    found = {
        one.path: one.privileges
        for one in privileges.of_program(load_stack_file(FIXTURES / "valid" / "every-key.yaml"))
    }
    assert found["/mapping/pci/gpu"] == ("Mapping.Use",), "qemu-server asks for it on the mapping"
    assert "Datastore.AllocateSpace" in found["/storage/local-zfs"], "a data disk has a storage of its own"


@pytest.mark.failure("missing-privilege")
@pytest.mark.parametrize(
    "path", ["/", "/vms/300", "/storage/local", "/storage/local-lvm", "/sdn/zones/localnetwork/vmbr0"]
)
def test_each_privilege_is_asked_for_on_its_path(examine: Examine, proxmox: Proxmox, path: str) -> None:
    assert SETTINGS.proxmox is not None
    for token, grants in (
        (PROGRAM, privileges.of_program(SETTINGS)),
        (CSI, privileges.of_csi(SETTINGS, SETTINGS.proxmox)),
    ):
        for privilege in next((grant.privileges for grant in grants if grant.path == path), ()):
            role = ROLES["HomeCluster" if token == PROGRAM else "CSI"]
            proxmox.acl[token] = {"/": role, path: role - {privilege}}
            (said,) = failures(examine("privileges"))
            assert f"lacks {privilege} on {path} (" in said, "an entry on a longer path takes the place of that on /"
            proxmox.acl[token] = {"/": role}


def test_what_is_missing_everywhere_is_said_once(examine: Examine, proxmox: Proxmox) -> None:
    proxmox.acl[PROGRAM] = {"/": ROLES["HomeCluster"] - {"VM.Config.Disk"}}
    (said,) = failures(examine("privileges"))
    assert said == "proxmoxApiToken lacks VM.Config.Disk on /vms/200, /vms/300 (control)"


@pytest.mark.parametrize(
    ("version", "secrets", "said"),
    [
        ("9.1.4", {"proxmoxApiToken": f"{PROGRAM}=wrong"}, "does not take proxmoxApiToken: Authentication failed!"),
        ("8.4.14", {"proxmoxApiToken": f"{PROGRAM}=wrong"}, "does not take proxmoxApiToken: invalid token value!"),
        ("9.1.4", {"proxmoxCsiTokenSecret": "wrong"}, "does not take proxmoxCsiTokenSecret: Authentication failed!"),
        ("8.3.5", {}, "runs Proxmox VE 8.3.5"),
    ],
)
def test_a_token_or_a_release_that_will_not_do(
    examine: Examine, proxmox: Proxmox, version: str, secrets: dict[str, str], said: str
) -> None:
    proxmox.version = version
    tokens = {
        "proxmoxApiToken": "=".join((PROGRAM, proxmox.tokens[PROGRAM])),
        "proxmoxCsiTokenSecret": proxmox.tokens[CSI],
    }
    (problem,) = failures(examine("Proxmox", secrets=tokens | secrets))
    assert problem.endswith(said), "in the words of Proxmox"


def test_what_needs_an_answer_is_skipped_without_one(examine: Examine) -> None:
    refused, *rest = examine("Proxmox", "privileges", "memory", secrets={"proxmoxApiToken": f"{PROGRAM}=wrong"})
    assert refused.status is Status.FAILED, "the cause"
    assert {one.status for one in rest} == {Status.SKIPPED}, "and nothing that follows from it"
    assert {one.status for one in examine("Proxmox", secrets={})} == {Status.SKIPPED}, "no passphrase, no token"


def test_a_certificate_is_judged_as_the_provider_judges_it(
    examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    (problem,) = examine("Proxmox")
    assert problem.detail.startswith("the certificate of https://127.0.0.1"), problem.detail
    assert "insecure: true" in problem.fix, "the way out"
    assert not failures(examine("Proxmox", insecure=True)), "which is taken here, too"


@pytest.mark.failure("wrong-proxmox-endpoint")
def test_nobody_at_the_endpoint(examine: Examine) -> None:
    (problem,) = failures(examine("Proxmox", endpoint="https://127.0.0.1:1/"))
    assert problem == "https://127.0.0.1:1/ does not answer: Connection refused"


def test_clocks_that_are_apart(examine: Examine, proxmox: Proxmox) -> None:
    proxmox.date = "Fri, 27 Nov 2026 10:00:00 GMT"
    here = datetime(2026, 11, 27, 10, 0, 30, tzinfo=UTC)
    assert not failures(examine("clock", clock=here))
    assert failures(examine("clock", clock=here + timedelta(minutes=5))) == ["330 s apart from that of Proxmox"]


def _offline(proxmox: Proxmox) -> None:
    proxmox.hosts["pve"].online = False


def _elsewhere(proxmox: Proxmox) -> None:
    proxmox.hosts["atlas"] = proxmox.hosts.pop("pve")


@pytest.mark.failure("host-without-memory")
@pytest.mark.parametrize(
    ("check", "spoil", "said"),
    [
        ("hosts", _offline, "pve is offline"),
        ("hosts", _elsewhere, "pve is no node of this Proxmox"),
        (
            "hosts",
            lambda one: setattr(one.hosts["pve"], "bridges", ("vmbr1",)),
            "pve has no bridge vmbr0 that the token may use",
        ),
        (
            "VM ids",
            lambda one: one.guests.append(guest(300)),
            "vmId 300 of worker is nas on pve, and not of this stack",
        ),
        (
            "storage",
            lambda one: one.hosts["pve"].storages["local"].update(content="iso,vztmpl"),
            "proxmox.imageDatastore local on pve takes iso, vztmpl, and not import",
        ),
        (
            "storage",
            lambda one: one.hosts["pve"].storages["local-lvm"].update(active=0),
            "proxmox.vmDatastore local-lvm on pve is not active",
        ),
        (
            "storage",
            lambda one: one.hosts["pve"].storages["local-lvm"].update(avail=59 * GIB),
            "local-lvm on pve: 60 GiB wanted, 59 free",
        ),
        (
            "storage",
            lambda one: one.hosts["pve"].storages.pop("local"),
            "proxmox.imageDatastore local on pve is not there, or the token may not see it",
        ),
        (
            "memory",
            lambda one: setattr(one.hosts["pve"], "memory", 24),
            "pve: 24576 MiB wanted, 22528 of 24576 left beside 0 running guests and 2048 MiB of the host itself",
        ),
        (
            "memory",
            lambda one: one.guests.extend([guest(101, memory=48), guest(102, memory=99, status="stopped")]),
            "pve: 24576 MiB wanted, 14336 of 65536 left beside 1 running guests and 2048 MiB of the host itself",
        ),
        (
            "image of Talos",
            lambda one: setattr(one.hosts["pve"], "internet", "500 Can't connect to factory.talos.dev:443"),
            "pve does not reach it: invalid server response: '500 Can't connect to factory.talos.dev:443'",
        ),
    ],
)
def test_what_stands_in_the_way_on_proxmox(
    examine: Examine, proxmox: Proxmox, check: str, spoil: Spoil, said: str
) -> None:
    spoil(proxmox)
    assert said in failures(examine(check)), "by name, with what is there instead"


def test_a_guest_that_the_token_cannot_see_holds_its_id_all_the_same(examine: Examine, proxmox: Proxmox) -> None:
    proxmox.guests.append(guest(300))
    proxmox.acl[PROGRAM]["/vms/300"] = set()
    (said,) = failures(examine("VM ids"))
    assert said == "vmId 300 of worker is not free: VM 300 already exists, and not of this stack"


def test_machines_that_are_there_need_nothing_more(examine: Examine, proxmox: Proxmox) -> None:
    proxmox.guests += [guest(200, "control"), guest(300, "worker", memory=20)]
    proxmox.hosts["pve"].memory = 24
    proxmox.hosts["pve"].storages["local-lvm"].update(avail=0)
    found = examine("VM ids", "memory", "storage", state=with_machines(200, 300))
    assert not failures(found), "they run, whatever is left beside them"
    proxmox.guests.pop()
    assert failures(examine("VM ids", state=with_machines(200, 300))) == [
        "VM 300 (worker) is in the state, but not on Proxmox"
    ]


def test_what_lies_on_one_storage_adds_up(examine: Examine, proxmox: Proxmox) -> None:
    assert SETTINGS.proxmox is not None
    section = SETTINGS.proxmox.model_copy(update={"image_datastore": "local-lvm"})
    settings = SETTINGS.model_copy(update={"proxmox": section})
    proxmox.hosts["pve"].storages["local-lvm"].update(content="images,import", avail=60 * GIB)
    assert failures(examine("storage", settings=settings)) == ["local-lvm on pve: 61 GiB wanted, 60 free"]


def test_an_offline_host_costs_its_own_lines_only(examine: Examine, proxmox: Proxmox) -> None:
    _offline(proxmox)
    found = examine("memory", "storage", "image of Talos")
    assert [(one.check, one.status) for one in found] == [
        ("memory", Status.SKIPPED),
        ("storage", Status.SKIPPED),
        ("image of Talos", Status.SKIPPED),
    ], "Proxmox answers 595 for it"
