"""`make new`: a sound stack file from a few facts, in a style that the CLI leaves alone."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from lab.checkout import ROOT, command_line
from stack_file.check import defects
from stack_file.load import load_stack_file
from tests.support.profiles import profile_file
from tests.support.program import record_program
from tools import new
from tools.profiles import PROFILES

FACTS = {
    "--domain": "home.example.com",
    "--nodes": "192.168.1.0/24",
    "--first": "192.168.1.200",
    "--username": "jane",
    "--name": "Jane: of the house",
    "--email": "jane@example.com",
    "--endpoint": "https://pve.example.com:8006/",
}
New = Callable[..., int]

each = pytest.mark.parametrize("profile", PROFILES)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("Pulumi.yaml", "Pulumi.test-cluster.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def run(root: Path) -> New:
    def written(stack: str = "home", given: Mapping[str, str] = FACTS, *more: str) -> int:
        flags = [part for pair in given.items() for part in pair]
        return new.main(["--stack", stack, *flags, *more], root)

    return written


@each
def test_every_profile_is_sound(profile: str) -> None:
    assert list(defects(profile_file(profile))) == [], "a new file that is refused would be a bad joke"


@each
def test_no_profile_hands_the_cluster_to_a_repository(profile: str) -> None:
    recording = record_program(preview=False, stack_file=profile_file(profile))
    instance = recording.one("kubernetes:fluxcd.controlplane.io/v1:FluxInstance")
    assert instance.get("spec", "sync") is None, "whose repository it is, the person says or nobody"


@pytest.mark.engine
@each
def test_the_cli_adds_lines_to_the_file_and_rewrites_none(
    profile: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = root / f"Pulumi.{profile}.yaml"
    shutil.copy(profile_file(profile), file)
    (tmp_path / "backend").mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/backend")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "passphrase")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    before = file.read_text(encoding="utf-8").splitlines()
    for command in (["stack", "init", profile], ["config", "set", "--secret", "gitToken", "token", "--stack", profile]):
        subprocess.run([command_line(ROOT), *command, "--non-interactive"], cwd=root, capture_output=True, check=True)
    after = file.read_text(encoding="utf-8").splitlines()
    added = [line for line in after if line not in before]
    assert [line for line in after if line in before] == before, "whoever compares files sees what was meant"
    assert [line.split(":")[0].strip() for line in added] == ["home-cluster", "secure", "encryptionsalt"], "its own"


def test_facts_become_the_file_and_the_rest_has_defaults(
    run: New, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("home", {**FACTS, "--git": "https://git.example.com/home/cluster.git"}) == 0
    settings = load_stack_file(root / "Pulumi.home.yaml")
    assert settings.identity.users["jane"].name == "Jane: of the house", "as it was typed"
    assert settings.gitops.sync is not None, "a repository was named"
    assert str(settings.network.gateway) == "192.168.1.1", "the first address, unless told"
    said = capsys.readouterr().out
    assert "make demo STACK=home" in said, "what to do next"
    assert "note: proxmox: pve runs every machine" in said, "and what not to rely on"


@pytest.mark.parametrize(("profile", "shared"), [("existing", False), ("local", True)])
def test_an_existing_cluster_is_asked_for_its_addresses(profile: str, shared: bool, run: New, root: Path) -> None:
    facts = {name: value for name, value in FACTS.items() if name not in ("--nodes", "--endpoint")}
    of_cluster = {"--profile": profile, "--context": "admin@home", "--storage-class": "longhorn"}
    assert run("home", {**facts, **of_cluster, "--address-annotation": "metallb.io/loadBalancerIPs"}) == 0
    settings = load_stack_file(root / "Pulumi.home.yaml")
    balancers = settings.network.load_balancers
    assert len({balancers.ingress, balancers.vault, balancers.git_ssh}) == (1 if shared else 3), "ServiceLB has one"
    assert settings.asking_for(balancers.vault) == {"metallb.io/loadBalancerIPs": str(balancers.vault)}


def test_what_is_missing_is_told_at_once(run: New, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("home", {"--profile": "small"}) == 1
    flags = {line.split(": ")[1] for line in capsys.readouterr().err.splitlines()[:-1]}
    assert flags == set(FACTS), "and nothing that follows from it"
    assert not (root / "Pulumi.home.yaml").exists(), "half a file is none"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"--nodes": "192.168.1.7/24"}, "--nodes: 192.168.1.7/24 has host bits set"),
        ({"--insecure": "perhaps"}, "--insecure: perhaps is neither yes nor no"),
        ({"--first": "192.168.1.250"}, "network.loadBalancers.last: 192.168.2.2 is outside network.nodes"),
    ],
    ids=["no network", "no answer", "too few addresses"],
)
def test_facts_that_cannot_be_make_no_file(
    changes: dict[str, str], words: str, run: New, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("home", FACTS | changes) == 1
    assert words in capsys.readouterr().err, "the flag or the key, and why"
    assert not (root / "Pulumi.home.yaml").exists(), "a defective file is not written"


def test_a_file_that_is_there_stays(run: New, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (root / "Pulumi.test-cluster.yaml").read_text(encoding="utf-8")
    assert run("test-cluster") == 1
    assert "is there already" in capsys.readouterr().err, "somebody's cluster"
    assert (root / "Pulumi.test-cluster.yaml").read_text(encoding="utf-8") == before, "not a line"


def test_in_a_terminal_only_what_no_flag_gives_is_asked_for(
    run: New, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    given = {name: value for name, value in FACTS.items() if name not in ("--domain", "--endpoint")}
    replies: Iterator[str] = iter(["", "", "lab.example.com", *[""] * 20])

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "https://pve.example.com/" if "URL of Proxmox" in prompt else next(replies)

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    assert run("home", given) == 0
    assert load_stack_file(root / "Pulumi.home.yaml").cluster.domain == "lab.example.com", "asked again until answered"
    assert "Gateway of that network, which is asked for names too [192.168.1.1]: " in asked, "what an empty line means"
    assert not [prompt for prompt in asked if "User name" in prompt], "it was given"
