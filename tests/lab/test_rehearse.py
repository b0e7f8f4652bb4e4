"""Rehearsals of a small platform on the real engine, and what is refused before the engine starts."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lab import __main__ as commands
from lab import rehearse
from lab.change import changed
from lab.checkout import LabError
from lab.driver import Driver, Result
from lab.rehearse import named
from reporting.events import Listener
from tests.lab.stacks import driver_of, stack_of

engine = pytest.mark.engine


def played(workdir: Path, **wanted: str) -> tuple[int, str]:
    """The exit code of a rehearsal of the small platform, and what it said."""
    console = Console(file=io.StringIO(), width=200)
    code = rehearse.run(driver_of(stack_of("slice", workdir)), wanted, console)
    assert isinstance(console.file, io.StringIO), "the console writes into memory"
    return code, console.file.getvalue()


@engine
def test_a_failure_is_contained_and_then_made_up_for(tmp_path: Path) -> None:
    code, text = played(tmp_path, fault="init-job")
    assert code == 0, text
    assert "phase1-infrastructure: init-job: [Pod vault/init-" in text, "what failed, and why"
    before, after = text.split("the failure is taken away, and the same command is run again:")
    assert "failed: init-job" in before
    assert "held back, because it needs that: " in before, "and what that holds back"
    assert "came up all the same: " in before
    assert "1 in gitops" in before.partition("came up all the same: ")[2], "another branch"
    assert "everything is there now, by " in after, "the next update converges"
    assert "not reached" not in after
    assert not (tmp_path / "world").exists(), "a demo in the same place is not touched"


@engine
def test_a_kill_is_told_and_gone_on_from(tmp_path: Path) -> None:
    code, text = played(tmp_path, kill="cilium")
    assert code == 0, text
    before, after = text.split("killed while Release cilium was being made\nthe same command is run again:")
    assert "not reached" in before, "it did not come to its end"
    assert "cut off: Release cilium was being made" in after, "what was begun is named"
    assert "everything is there now, by " in after


RESOURCES: dict[str, dict[str, Any]] = {
    f"urn:pulumi:home::home-cluster::{kind}::{name}": {"type": kind, "custom": custom, "inputDiff": {"adds": inputs}}
    for name, kind, custom, inputs in (
        ("vault-oidc-gate", "kubernetes:batch/v1:Job", True, {"metadata": {"name": "oidc-gate"}}),
        ("vault-gate", "kubernetes:batch/v1:Job", True, {}),
        ("vault-access", "home-cluster:vault/access:VaultAccess", False, {}),
        ("vault-access-provider", "pulumi:providers:vault", True, {}),
    )
}


def test_a_resource_is_found_by_its_name_with_that_of_what_it_makes() -> None:
    found = named("FAULT", "vault-oidc-gate", RESOURCES)
    assert (found.kind, found.made, found.name) == ("Job", "oidc-gate", "vault-oidc-gate")


@pytest.mark.parametrize("name", ["vault-odic-gate", "vault-access", "vault-access-provider"])
def test_what_is_no_resource_is_refused_with_what_is_named_nearly_so(name: str) -> None:
    with pytest.raises(LabError, match=rf"FAULT: {name} is no resource of this stack; nearest are .*vault-.*gate"):
        named("FAULT", name, RESOURCES)


DOCUMENT = {
    "encryptionsalt": "theirs",
    "config": {
        "home-cluster:gitea": {"host": "git.example.org", "actions": {"enabled": "true"}},
        "home-cluster:dns": {"zones": {"home.example.org": {"records": []}}},
        "home-cluster:talos": {"controlPlane": {"nodes": [{"name": "one", "host": "pve"}]}},
    },
}


@pytest.mark.parametrize(
    ("setting", "section", "expected"),
    [
        ("gitea.host=code.example.org", "gitea", {"host": "code.example.org", "actions": {"enabled": "true"}}),
        ("gitea.actions.enabled=null", "gitea", {"host": "git.example.org", "actions": {}}),
        ("gitea.actions={enabled: false, size: 1Gi}", "gitea", {"actions": {"enabled": False, "size": "1Gi"}}),
        ("dns.zones.home.example.org.records=[a]", "dns", {"zones": {"home.example.org": {"records": ["a"]}}}),
        ("dns.nameservers.ns1={}", "dns", {"nameservers": {"ns1": {}}}),
        ("talos.controlPlane.nodes.0.host=b", "talos", {"controlPlane": {"nodes": [{"name": "one", "host": "b"}]}}),
        ("rotation.generations.gitea/admin=2", "rotation", {"generations": {"gitea/admin": 2}}),
    ],
)
def test_a_setting_is_changed_and_nothing_else(setting: str, section: str, expected: dict[str, Any]) -> None:
    found = changed(DOCUMENT, setting)
    key = f"home-cluster:{section}"
    assert {name: found["config"][key][name] for name in expected} == expected
    rest = {name: one for name, one in DOCUMENT["config"].items() if name != key}  # type: ignore[attr-defined]
    assert {name: one for name, one in found["config"].items() if name != key} == rest
    assert DOCUMENT["config"]["home-cluster:gitea"]["host"] == "git.example.org", "the file itself stays"  # type: ignore[index]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("gitea.host", "CHANGE: gitea.host is no path=value; say CHANGE=gitea.host=code.example.org"),
        ("gitea.host={", "CHANGE: { is no YAML; "),
        ("gitea.host.name=a", "CHANGE: gitea.host.name goes below a value, git.example.org; name that value itself"),
        ("talos.controlPlane.nodes.1.host=b", "CHANGE: talos.controlPlane.nodes.1.host has no 1; the list there ends"),
    ],
)
def test_a_change_of_nothing_is_refused(setting: str, said: str) -> None:
    with pytest.raises(LabError) as refused:
        changed(DOCUMENT, setting)
    assert str(refused.value).startswith(said)


class Idle(Driver):
    """Runs nothing."""

    def run(self, operation: str, listener: Listener | None = None, **options: Any) -> Result:
        raise AssertionError(f"{operation} was begun")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "rehearse what? Say one of FAULT=<resource>, KILL=<resource> and CHANGE=<path>=<value>"),
        (["--fault", "a", "--kill", "b"], "rehearse what?"),
        (
            ["--change", "cluster.domain=other.example.org"],
            "vault.host: vault.test-cluster.agentydragon.com is outside",
        ),
        (["--change", "gitea.nonsense=1"], "gitea.nonsense"),
    ],
)
def test_nothing_is_begun_where(
    flags: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "Driver", Idle)
    assert commands.main(["rehearse", "--workdir", str(tmp_path), *flags]) == 1
    told = capfd.readouterr()
    assert said in told.out + told.err
