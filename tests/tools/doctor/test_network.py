"""What doctor says of addresses, names and connections, and of the repository of Flux."""

import shutil
import subprocess
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from components.talos.schematic import systems
from lib.charts import TABLE
from register.charts import needed
from settings.dns import DnsSettings, Zone
from settings.platform import GiteaRepository, Sync
from stack_file.load import load_stack_file
from stack_file.machines import VM
from tests.stack_file.stacks import FIXTURES
from tests.support.objects import releases
from tests.support.pools import talos_of
from tests.support.program import record_program
from tests.tools.doctor.conftest import SETTINGS, Examine, Network, failures
from tools.doctor.findings import Status
from tools.doctor.reach import FromHere

INGRESS = "10.2.3.2"
UP = {
    "deployment": {
        "resources": [
            *({"type": VM, "inputs": {"vmId": one}} for one in (200, 300)),
            {"type": "talos:machine/bootstrap:Bootstrap"},
            {"type": "pulumi:pulumi:Stack", "outputs": {"urls": {"vault": "https://vault.home.example.com"}}},
        ]
    }
}
"""The state after the first update."""


def test_addresses_are_free_when_the_gateway_alone_answers(examine: Examine, network: Network) -> None:
    (free,) = examine("addresses")
    assert (free.status, free.detail.split()[4]) == (Status.OK, "6"), "two nodes, the VIP, three load balancers"
    network.alive = {"10.2.3.4", "10.2.2.1"}
    assert failures(examine("addresses")) == [
        "a machine answers at 10.2.2.1, which is for worker",
        "a machine answers at 10.2.3.4, which is for network.loadBalancers.vault",
    ]


def test_silence_proves_nothing_where_nothing_answers(examine: Examine, network: Network) -> None:
    network.alive = set()
    (unknown,) = examine("addresses")
    assert unknown.status is Status.SKIPPED, "a network without a route to it is silent, too"


def test_what_is_there_may_have_its_address(examine: Examine, network: Network) -> None:
    network.alive |= {"10.2.1.1", "10.2.2.1", "10.2.3.1"}
    assert {one.status for one in examine("addresses", state=UP)} == {Status.SKIPPED}


def test_names_lead_to_the_platform_or_the_line_is_given(examine: Examine, network: Network) -> None:
    assert not failures(examine("names"))
    network.dns["git.home.example.com"] = {"203.0.113.7"}
    del network.dns["auth.home.example.com"]
    unknown, elsewhere = examine("names")
    assert unknown.detail == "not known here: auth.home.example.com"
    assert elsewhere.detail == "git.home.example.com leads to 203.0.113.7"
    assert INGRESS in unknown.fix, "what the DNS must say"
    assert INGRESS in elsewhere.fix, "what the DNS must say"


def test_names_of_its_own_zone_are_asked_once_the_cluster_answers(examine: Examine, network: Network) -> None:
    dns = DnsSettings(zones={"home.example.com": Zone()})
    balancers = SETTINGS.network.load_balancers.model_copy(update={"dns": IPv4Address("10.2.3.6")})
    section = SETTINGS.network.model_copy(update={"load_balancers": balancers})
    settings = SETTINGS.model_copy(update={"dns": dns, "network": section})
    network.dns = {}
    assert {one.status for one in examine("names", settings=settings)} == {Status.SKIPPED}, "nobody can answer yet"
    (failure,) = examine("names", settings=settings, state=UP)
    assert failure.fix.startswith("delegate home.example.com to 10.2.3.6"), "one line for all of them"
    network.alive |= {"10.2.3.6"}
    assert failures(examine("addresses", settings=settings)) == [
        "a machine answers at 10.2.3.6, which is for network.loadBalancers.dns"
    ]


def test_what_is_not_up_yet_is_not_asked(examine: Examine, network: Network) -> None:
    found = examine("connections")
    assert [one.status for one in found] == [Status.SKIPPED]
    assert network.asked == [], "nobody waits for it"


def test_what_is_up_must_be_reached(examine: Examine, network: Network) -> None:
    network.deaf = {"10.2.3.1", "auth.home.example.com"}
    found = examine("connections", state=UP)
    assert network.asked == [
        "10.2.1.1:50000",
        "10.2.2.1:50000",
        "10.2.3.1:6443",
        "10.2.3.4:8200",
        "auth.home.example.com:443",
    ]
    assert failures(found) == [
        "the Kubernetes API at 10.2.3.1, 6443/tcp: Connection refused",
        "Authentik at auth.home.example.com, 443/tcp: Connection refused",
    ]
    assert not any(one.stops for one in found), "the update may be what repairs it"


def test_downloads_come_from_the_factory_and_the_repositories_of_the_charts(examine: Examine, network: Network) -> None:
    network.deaf = {"https://ghcr.io/v2/"}
    assert failures(examine("downloads")) == ["no answer from ghcr.io (charts): no answer in time"]
    assert {"https://factory.talos.dev/", "https://helm.goharbor.io/", "https://quay.io/v2/"} < {*network.asked}
    network.asked.clear()
    mirrored = load_stack_file(FIXTURES / "valid" / "mirror.yaml")
    examine("downloads", settings=mirrored)
    assert network.asked == ["https://factory.example.com/", "https://mirror.example.com/v2/"], "and from no other"


@pytest.mark.parametrize("name", ["services-off", "existing-cluster"])
def test_no_repository_is_asked_for_a_chart_that_is_not_installed(name: str) -> None:
    file = FIXTURES / "valid" / f"{name}.yaml"
    installed = {one.get("chart").rsplit("/", 1)[-1] for one in releases(record_program(preview=True, stack_file=file))}
    assert set(needed(load_stack_file(file))) == installed
    assert installed <= set(TABLE)


@pytest.mark.parametrize(
    ("said", "runs", "status"),
    [
        ("", {}, Status.SKIPPED),
        ("", {"control": "v1.13.7", "worker": "v1.13.7"}, Status.SKIPPED),
        ("", {"control": "v1.13.6", "worker": "v1.13.6"}, Status.FAILED),
        ("", {"control": "v1.13.7", "worker": "v1.13.6"}, Status.FAILED),
        ("Talos v1.12.4\n", {"control": "v1.13.6"}, Status.FAILED),
        ("Talos v1.13.7\n", {"control": "v1.13.6"}, Status.OK),
    ],
    ids=["nothing is made", "stays", "upgrade", "upgrade that stopped", "too old", "there"],
)
def test_talosctl_is_needed_by_nodes_that_go_to_another_talos(
    examine: Examine, network: Network, said: str, runs: dict[str, str], status: Status
) -> None:
    network.programs["talosctl"] = said
    talos = talos_of(SETTINGS)
    system, kind = systems(talos)["controlPlane"], "home-cluster:talos/node:TalosNode"
    state = [
        {
            "urn": f"urn:pulumi:home::home-cluster::{kind}::talos-{name}",
            "type": kind,
            "outputs": {"installer": system.installer(talos.factory, release), "kubernetesVersion": "1.36.3"},
        }
        for name, release in runs.items()
    ]
    (found,) = examine("talosctl", state={"deployment": {"resources": state}})
    assert found.status is status, found.detail
    behind = ", ".join(name for name, release in runs.items() if release != talos.version)
    assert status is not Status.FAILED or f"and {behind} must go to Talos v1.13.7" in found.detail


def test_a_closed_port_is_told_in_the_words_of_the_system() -> None:
    assert FromHere().connects("127.0.0.1", 1) == "Connection refused"
    assert FromHere().serves("https://127.0.0.1:1/") == "Connection refused"
    assert FromHere().answers("127.0.0.1"), "a machine is there all the same"
    assert FromHere().resolves("localhost") == {"127.0.0.1"}


@pytest.fixture
def repository(tmp_path: Path) -> str:
    """A repository with the directory of the stack file, and one file beside it."""
    place = tmp_path / "repository"
    (place / "clusters" / "home").mkdir(parents=True)
    (place / "clusters" / "home" / "kustomization.yaml").write_text("resources: []\n", encoding="utf-8")
    (place / "README.md").write_text("home\n", encoding="utf-8")
    author = ["-c", "user.name=jane", "-c", "user.email=jane@example.com", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*author, "commit", "-qm", "first"]):
        subprocess.run(["git", "-C", str(place), *command], check=True)  # noqa: S607  (the git of this machine)
    return f"file://{place}"


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"path": "./clusters/home/"}, None),
        ({"path": "."}, None),
        ({"ref": "refs/heads/next"}, "has no refs/heads/next"),
        ({"path": "clusters/office"}, "has no directory clusters/office at refs/heads/main"),
        ({"path": "README.md"}, "has no directory README.md at refs/heads/main"),
        ({"url": "file:///nowhere.git"}, "file:///nowhere.git: "),
    ],
)
def test_the_repository_of_flux(examine: Examine, repository: str, changes: dict[str, str], said: str | None) -> None:
    assert SETTINGS.gitops.sync is not None
    sync = SETTINGS.gitops.sync.model_copy(update={"url": repository, **changes})
    settings = SETTINGS.model_copy(update={"gitops": SETTINGS.gitops.model_copy(update={"sync": sync})})
    (found,) = examine("Git", settings=settings)
    assert found.status is (Status.FAILED if said else Status.OK), found.detail
    assert (said or "") in found.detail
    assert not found.stops, "docs/adr/0025-a-commit-holds-back-no-update.md"


def test_a_repository_that_is_to_come_is_not_asked_for(examine: Examine) -> None:
    own = GiteaRepository(organisation="home", repository="cluster")
    sync = Sync(path="clusters/home", gitea=own)
    settings = SETTINGS.model_copy(update={"gitops": SETTINGS.gitops.model_copy(update={"sync": sync})})
    (found,) = examine("Git", settings=settings)
    assert (found.status, "`make up` makes" in found.detail) == (Status.SKIPPED, True), "Gitea is not there before"


def test_the_token_of_the_repository_is_in_no_argument(monkeypatch: pytest.MonkeyPatch, examine: Examine) -> None:
    commands: list[list[str]] = []
    environments: list[dict[str, str]] = []

    def run(command: list[str], env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        environments.append(env)
        return subprocess.CompletedProcess(command, 128, "", "fatal: Authentication failed")

    monkeypatch.setattr(subprocess, "run", run)
    (found,) = examine("Git", secrets={"gitToken": "glpat-of-jane", "gitUsername": "jane"})
    assert found.detail.endswith("fatal: Authentication failed")
    assert "gitToken" in found.fix
    assert not any("glpat" in word for word in commands[0]), "other people on this machine read those"
    assert environments[0]["GIT_CONFIG_VALUE_0"] == "Authorization: Basic amFuZTpnbHBhdC1vZi1qYW5l"
