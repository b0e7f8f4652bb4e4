"""Pins agree with each other: lock files, go.mod, workflows, and what Renovate is told to look for."""

import re
from pathlib import Path

import pytest

from lib import charts
from tools import pulumi_cli

ROOT = Path(__file__).resolve().parents[2]
LOCKED = sorted(path.stem for path in ROOT.glob("requirements*.in"))
WORKFLOWS = sorted(ROOT.glob(".git*/workflows/*.yml"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """Version by normalised package name in a requirements file."""
    return {match[1].lower().replace("_", "-"): match[2] for match in PIN.finditer((ROOT / name).read_text())}


@pytest.mark.parametrize("name", LOCKED)
def test_every_line_of_an_input_file_is_pinned_and_locked_at_that_version(name: str) -> None:
    lines = [line for line in (ROOT / f"{name}.in").read_text().splitlines() if line and line[0] not in "#-"]
    assert len(pins(f"{name}.in")) == len(lines), f"every package in {name}.in has an exact version"
    locked = pins(f"{name}.txt")
    stale = {package: version for package, version in pins(f"{name}.in").items() if locked.get(package) != version}
    assert not stale, f"{name}.txt does not follow {name}.in for {stale}: run `make lock`"


@pytest.mark.parametrize("name", LOCKED)
def test_every_locked_package_has_a_hash(name: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / f"{name}.txt").read_text())[1:]
    unhashed = [entry.split(" ", 1)[0] for entry in entries if "--hash=sha256:" not in entry]
    assert entries, f"{name} locks nothing"
    assert not unhashed, f"without a hash anything could be installed in place of {unhashed}"


def test_the_two_lock_files_do_not_contradict_each_other() -> None:
    program, development = pins("requirements.txt"), pins("requirements-dev.txt")
    differing = {name for name in program.keys() & development.keys() if program[name] != development[name]}
    assert not differing, f"both are installed into one environment, yet they differ in {differing}"


def test_the_cli_that_go_builds_is_the_version_of_the_sdk() -> None:
    module = (ROOT / "tools" / "pulumi" / "go.mod").read_text()
    built = dict(re.findall(r"github\.com/pulumi/pulumi/(pkg|sdk)/v3 v(\S+)", module))
    version = pulumi_cli.pinned(ROOT)
    assert built == {"pkg": version, "sdk": version}, "SDK and CLI of different versions may misunderstand each other"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_action_is_pinned_to_a_commit_and_says_its_version(workflow: Path) -> None:
    used = re.findall(r"uses: (.*)", workflow.read_text())
    loose = [line for line in used if not re.fullmatch(r"\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)]
    assert used, f"{workflow} uses no action at all"
    assert not loose, f"a tag can be moved to other code: {loose}"


def test_one_action_is_one_commit_everywhere() -> None:
    commits: dict[str, set[str]] = {}
    for workflow in WORKFLOWS:
        for name, commit in re.findall(r"uses: (?:https://github\.com/)?([\w/-]+)@(\S+)", workflow.read_text()):
            commits.setdefault(name, set()).add(commit)
    assert {name for name, found in commits.items() if len(found) > 1} == set(), f"GitHub and Gitea differ: {commits}"


def renovate_patterns() -> list[re.Pattern[str]]:
    """The regular expressions of renovate.json5, in Python's spelling."""
    text = (ROOT / "renovate.json5").read_text()
    found = [
        match
        for block in re.findall(r"matchStrings: \[(.*?)\n      \]", text, re.DOTALL)
        for match in re.findall(r'"((?:[^"\\]|\\.)*)"', block)
    ]
    return [re.compile(re.sub(r"\\(.)", r"\1", one).replace("(?<", "(?P<")) for one in found]


def test_renovate_finds_every_version_that_is_marked_for_it() -> None:
    files = [*ROOT.glob("lib/**/*.py"), *ROOT.glob("components/**/*.py"), *ROOT.glob("Pulumi.*.yaml")]
    texts = {path: path.read_text() for path in files}
    marked = {path: text.count("# renovate: ") for path, text in texts.items()}
    found = {path: sum(len(pattern.findall(text)) for pattern in renovate_patterns()) for path, text in texts.items()}
    assert sum(marked.values()) > 0, "the pins carry marks"
    assert found == marked, "a mark that no pattern matches is never updated, and nobody is told"


def test_renovate_knows_every_chart_of_the_table_at_its_version() -> None:
    text = (ROOT / "lib" / "charts.py").read_text()
    found = sorted(match["currentValue"] for pattern in renovate_patterns() for match in pattern.finditer(text))
    assert found == sorted(chart.version for chart in charts.TABLE.values()), "each chart needs a mark above its row"
