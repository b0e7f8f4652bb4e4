"""Every failure names a heading of a runbook that is there: gates, what fails without words of its own, refusals."""

import importlib
import itertools
import re
import sys
from pathlib import Path

import pytest

from components.monitoring.alerts import declared
from lib.runbooks import named, path
from scripts import gate
from settings.backup import BackupSchedules
from stack_file import check
from tests.support.program import ROOT
from tests.support.recording import Recording
from tools.check_links import anchors
from tools.completion import targets
from tools.operating import closing
from tools.refusal import page

_ARGUMENT = re.compile(r'runbook="([^"]+)"')
_ROOMS = (
    "components",
    "invariants",
    "lab",
    "lib",
    "reporting",
    "scripts",
    "settings",
    "smoke",
    "stack_file",
    "stacks",
    "tools",
)
_QUIET = {
    "assurance",
    "bench",
    "bench-real",
    "check",
    "clean",
    "completion",
    "docs",
    "format",
    "fuzz",
    "generate",
    "help",
    "invariants",
    "lock",
    "mutants",
    "outdated",
    "policy",
    "real-servers",
    "recording",
}
"""What no operator runs on a stack; tests have results of their own."""


def is_there(runbook: str) -> bool:
    file, _, heading = runbook.partition("#")
    return (ROOT / file).is_file() and (not heading or heading in anchors(ROOT / file))


def led_to() -> set[str]:
    """Runbooks that gates, alerts, refusals and failures lead to."""
    sources = [file for room in _ROOMS for kind in ("*.py", "*.sh") for file in (ROOT / room).rglob(kind)]
    texts = [file.read_text(encoding="utf-8") for file in sources]
    said = {runbook for text in texts for runbook in (*named(text), *map(path, _ARGUMENT.findall(text)))}
    said |= {path(runbook) for runbook in (*closing.RUNBOOKS.values(), closing.OF_ANY)}
    said |= {path(alert.runbook) for alert in itertools.chain(*declared(BackupSchedules().databases).values())}
    return said | {page(command) for command in commands()}


def commands() -> set[str]:
    """Targets of make that an operator runs."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return {one for one in targets(makefile) if one not in _QUIET and not one.startswith("test")}


def test_every_runbook_that_the_program_names_is_there() -> None:
    said = led_to()
    assert len(said) > 90, "gates, alerts, refusals"
    assert sorted(runbook for runbook in said if not is_there(runbook)) == []


def test_every_script_in_a_pod_is_told_its_runbook(update: Recording) -> None:
    jobs = [one.get("spec", "template") for one in update.of_type("kubernetes:batch/v1:Job")]
    jobs += [
        one.get("spec", "jobTemplate", "spec", "template") for one in update.of_type("kubernetes:batch/v1:CronJob")
    ]
    scripts = [one for job in jobs for one in job["spec"]["containers"] if one["name"] == "script"]
    told = [{one["name"]: one.get("value") for one in container["env"]}.get("RUNBOOK", "") for container in scripts]
    assert len(told) > 30, "the gates, and what runs again"
    assert [runbook for runbook in told if "#" not in runbook or not is_there(runbook)] == []


def test_the_last_words_of_a_script_name_its_runbook(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = tmp_path / "termination-log"
    words.touch()
    monkeypatch.setattr(gate, "TERMINATION_LOG", words)
    monkeypatch.setenv("RUNBOOK", path("dns.md#diagnose"))
    assert gate.give_up("no zone") == 1
    assert words.read_text() == "no zone\nrunbook: docs/runbooks/dns.md#diagnose", "what Pulumi shows"
    assert capsys.readouterr().err.strip() == words.read_text(), "and the log"


def test_what_fails_without_words_of_its_own_has_the_runbook_of_its_folder() -> None:
    folders = {one.name for one in (ROOT / "components").iterdir() if (one / "__init__.py").is_file()}
    assert set(closing.RUNBOOKS) == folders, "a runbook for each"
    phase = "urn:pulumi:home::home-cluster::home-cluster:phase:Phase"
    gated = f"{phase}$home-cluster:gitea/server:Gitea$kubernetes:batch/v1:Job::gitea-content"
    release = f"{phase}$home-cluster:gitea/server:Gitea$kubernetes:helm.sh/v3:Release::gitea-release"
    said = [
        {"event": "message", "severity": "error", "urn": gated, "text": f"401\nrunbook: {path('gitea.md#the-job')}"},
        {"event": "message", "severity": "error", "urn": release, "text": "timed out"},
    ]
    helped = closing.helps("up", "home", [gated, release, f"{phase}$kubernetes:core/v1:Namespace::x"], said)
    expected = [path("gitea.md#the-job"), path(closing.RUNBOOKS["gitea"]), path(closing.OF_ANY)]
    assert sorted(helped[:-2]) == sorted(expected), "its own, that of the folder, that of any"


@pytest.mark.parametrize(
    "command",
    [
        *(
            "access",
            "backups",
            "backups.restore",
            "backups.drilling",
            "doctor",
            "drift",
            "images",
            "invite",
            "recreate",
            "rotate",
            "sbom",
            "secret_ages",
            "status",
            "upgrade_plan",
        ),
        *("operate preview", "operate up", "operate refresh", "operate destroy", "new"),
    ],
)
def test_a_refusal_says_where_to_read_on(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, *operation = command.split()
    module = f"tools.{name}.__main__" if (ROOT / "tools" / name).is_dir() else f"tools.{name}"
    arguments = [] if name == "new" else [*operation, "--stack", "nobodys"]
    try:
        code = importlib.import_module(module).main(arguments)
    except SystemExit as ended:
        print(ended.code, file=sys.stderr)
        code = 1
    told = capsys.readouterr().err
    assert code != 0, "nothing was done"
    runbooks = named(told)
    assert [is_there(runbook) for runbook in runbooks] == [True], f"{command} says: {told}"


def test_a_stack_file_that_is_refused_says_where_to_read_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([str(tmp_path / "Pulumi.nobodys.yaml")]) == 1
    assert [is_there(runbook) for runbook in named(capsys.readouterr().err)] == [True], "once, behind the defects"
