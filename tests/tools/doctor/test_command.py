"""`make doctor`: its lines, its JSON and its exit code; and what of it stops an update."""

import functools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stack_file.stacks import ROOT
from tests.support.program import secret_values
from tests.tools.conftest import script
from tools.doctor import __main__ as doctor
from tools.doctor import before, checks
from tools.doctor.checks import Check
from tools.doctor.findings import WIDTH, Finding, failed, lines, ok, skipped
from tools.operate import LANGUAGE_HOST
from tools.state import Engine

STACK = "test-cluster"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose CLI answers with the files `export` and `config`, or fails with the text of `failure`."""
    for name in ("requirements.txt", f"Pulumi.{STACK}.yaml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    needed = ("proxmoxApiToken", "proxmoxCsiTokenSecret")
    config = {f"home-cluster:{name}": {"value": secret_values()[name], "secret": True} for name in needed}
    (tmp_path / "config").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "export").write_text('{"version": 3, "deployment": {"resources": []}}', encoding="utf-8")
    script(
        tmp_path / ".tools" / "pulumi",
        f"""case "$*" in
version) echo v3.250.0 ;;
plugin*) echo '[]' ;;
"stack export"*) test -e {tmp_path}/export && exec cat {tmp_path}/export; cat {tmp_path}/failure >&2; exit 255 ;;
config*) test -e {tmp_path}/config && exec cat {tmp_path}/config; cat {tmp_path}/failure >&2; exit 255 ;;
esac""",
    )
    script(tmp_path / ".tools" / LANGUAGE_HOST, "exit 0")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///srv/state")
    return tmp_path


def _outside(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    monkeypatch.setattr(doctor, "outside", lambda _: iter(findings))


def told(checkout: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = doctor.main(["--stack", STACK, *arguments], checkout)
    return code, capsys.readouterr().out


def test_all_is_well(checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _outside(monkeypatch, replace(ok("it answers"), check="Proxmox"), replace(skipped("not up yet"), check="Vault"))
    code, said = told(checkout, capsys)
    assert code == 0, "what is skipped is no failure"
    assert "ok        programs: pulumi 3.250.0, for SDK 3.250.0" in said
    assert f"ok        backend: file:///srv/state has the stack {STACK}" in said
    assert f"ok        stack file: Pulumi.{STACK}.yaml is sound" in said
    assert "ok        secrets: all that the stack file needs are set" in said
    assert said.splitlines()[-1].endswith("0 failed, 2 skipped"), "the second are plugins that nobody downloaded yet"
    assert max(map(len, said.splitlines())) <= WIDTH
    assert "note      proxmox: atlas runs every machine" in said, "known, and no failure"


def test_a_failure_is_told_with_its_fix_for_people_and_for_programs(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _outside(monkeypatch, replace(failed("nobody answers at 10.2.0.9", "switch it on"), check="Proxmox"))
    code, said = told(checkout, capsys)
    assert code == 1
    assert "failed    Proxmox: nobody answers at 10.2.0.9\n          -> switch it on\n" in said
    code, said = told(checkout, capsys, "--json")
    document = json.loads(said)
    assert (code, document["stack"], document["ok"]) == (1, STACK, False)
    assert any("atlas runs every machine" in note for note in document["notes"])
    assert document["results"][-1] == {
        "check": "Proxmox",
        "status": "failed",
        "detail": "nobody answers at 10.2.0.9",
        "fix": "switch it on",
    }


def test_the_backend_the_passphrase_and_the_stack_are_told_apart(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _outside(monkeypatch)
    (checkout / "config").unlink()
    (checkout / "failure").write_text("error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE\n", encoding="utf-8")
    code, said = told(checkout, capsys)
    assert code == 1
    assert "failed    secrets: passphrase must be set with PULUMI_CONFIG_PASSPHRASE\n" in said
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" in said, "how to give it"
    (checkout / "export").unlink()
    for failure, line in (
        ("error: no stack named 'test-cluster' found", f"-> pulumi stack init {STACK}"),
        ("error: PULUMI_ACCESS_TOKEN must be set for login", "-> pulumi login, or export PULUMI_BACKEND_URL"),
    ):
        (checkout / "failure").write_text(f"{failure}\n", encoding="utf-8")
        assert line in told(checkout, capsys)[1]


def test_a_defective_stack_file_skips_what_it_describes(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = checkout / f"Pulumi.{STACK}.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("vip: 10.2.3.1 ", "vip: 10.9.3.1 "), encoding="utf-8")
    code, said = told(checkout, capsys)
    assert code == 1
    assert "failed    stack file: network.vip: 10.9.3.1 is outside network.nodes" in said
    assert "-> choose an address in 10.2.0.0/16" in said, "the fix has a line of its own"
    (line,) = (line for line in said.splitlines() if "Proxmox" in line)
    assert line.startswith("skipped   Proxmox, clock, privileges, hosts"), "nothing else is asked, said once"


def test_without_setup_the_first_line_says_so(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / ".tools" / "pulumi").unlink()
    file = checkout / f"Pulumi.{STACK}.yaml"
    file.write_text("config: {}\n", encoding="utf-8")
    code, said = told(checkout, capsys)
    assert code == 1
    assert "make setup" in said


def test_a_long_line_is_read_on_eighty_columns() -> None:
    finding = replace(failed("one two three " * 20, "four five " * 20), check="memory")
    printed = lines(finding)
    assert max(map(len, printed)) <= WIDTH
    assert [line[:10].strip() for line in printed].count("failed") == 1, "continued lines stand below the first"


@pytest.mark.parametrize("stops", [True, False])
def test_an_update_is_not_begun_with_what_doctor_knows_to_fail(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, stops: bool
) -> None:
    engine = Engine(checkout / ".tools" / "pulumi", STACK, checkout)
    looked = [
        Check(name="a", look=lambda _: [failed("broken", "mend it")], stops=stops),
        Check(name="b", look=lambda _: [ok("whole")]),
    ]
    monkeypatch.setattr(checks, "outside", functools.partial(checks.outside, checks=looked))
    assert before.stopped(engine, checkout / f"Pulumi.{STACK}.yaml", None) is stops
    assert capsys.readouterr().err == "failed    a: broken\n          -> mend it\n", "what is well is not told"
    (checkout / "config").unlink()
    (checkout / "failure").write_text("error: passphrase must be set\n", encoding="utf-8")
    assert not before.stopped(engine, checkout / f"Pulumi.{STACK}.yaml", None), "the CLI asks for it"
