"""Workflows do nothing that is not a target of make, hold no more rights and secrets than they need, and say which."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.program import ROOT
from tools import check_workflows
from tools.completion import targets
from tools.files import UnavailableError
from tools.real_programs import ACTIONLINT
from tools.real_servers import find

FORGES = ("github", "gitea")
NAMES = ("audit", "check", "drift", "mutants", "preview", "release", "up")
DOCUMENT = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
RIGHTS = {"preview": "pull-requests", "upgrade-plan": "pull-requests", "drift": "issues", "release": "contents"}
Job = Mapping[str, Any]


def workflow(forge: str, name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((ROOT / f".{forge}" / "workflows" / f"{name}.yml").read_text())
    return found


def jobs() -> Iterator[tuple[str, str, str, Job]]:
    """Forge, workflow, name and text of each job."""
    for forge in FORGES:
        for name in NAMES:
            yield from ((forge, name, one, job) for one, job in workflow(forge, name)["jobs"].items())


def commands(job: Job) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def secrets(job: Job) -> set[str]:
    return set(re.findall(r"secrets\.(\w+)", str(job)))


def test_every_workflow_is_one_of_these() -> None:
    found = {(path.parts[-3], path.stem) for path in ROOT.glob(".git*/workflows/*")}
    assert found == {(f".{forge}", name) for forge in FORGES for name in NAMES}


def test_every_step_is_an_action_or_a_target_of_make() -> None:
    known = targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    for forge, name, job_name, job in jobs():
        for command in commands(job):
            match = re.fullmatch(r'make ([a-z-]+)( (STACK|VERSION)="\$\3")?( ARGS=--(yes|digests))?', command)
            assert match is not None, f"{forge}/{name}/{job_name}: logic in YAML is tested by nobody: {command}"
            assert match[1] in known, f"{forge}/{name}/{job_name}: {match[1]} is no target"


def test_both_forges_run_the_same() -> None:
    ran = {forge: {(name, one): commands(job) for of, name, one, job in jobs() if of == forge} for forge in FORGES}
    assert ran["github"] == ran["gitea"]


def test_a_token_may_write_what_its_job_writes_and_nothing_else() -> None:
    for forge in FORGES:
        for name in NAMES:
            assert workflow(forge, name)["permissions"] == {"contents": "read"}, f"{forge}/{name}"
    for forge, name, job_name, job in jobs():
        wanted = {"contents": "read", RIGHTS[job_name]: "write"} if job_name in RIGHTS else {}
        assert job.get("permissions", {}) == wanted, f"{forge}/{name}/{job_name}"
        for step in job["steps"]:
            if "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False, "later steps must not find the token in .git"


def test_secrets_go_to_the_last_step_and_to_no_fork() -> None:
    for forge, name, job_name, job in jobs():
        where = f"{forge}/{name}/{job_name}"
        if name == "preview":
            assert "head.repo.full_name == github.repository" in job["if"], f"{where}: a fork's code must not run here"
        holders = [step for step in job["steps"] if re.search(r"secrets\.(?!TS_)", str(step))]
        assert holders == ([job["steps"][-1]] if secrets(job) else []), f"{where}: an action needs none"
        assert all("secrets." not in command for command in commands(job)), f"{where}: shown in the log"


def test_the_page_names_every_secret_and_variable_and_no_other() -> None:
    used = set().union(*(secrets(job) for *_, job in jobs()))
    used |= set().union(*(re.findall(r"vars\.(\w+)", str(job)) for *_, job in jobs()))
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \|", DOCUMENT, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == used


def test_what_needs_the_platforms_secrets_does_not_run_on_its_own_runner() -> None:
    for forge, name, job_name, job in jobs():
        where = f"{forge}/{name}/{job_name}"
        if forge == "gitea":
            assert job["runs-on"] == ("lan" if secrets(job) else "ubuntu-latest"), (
                f"{where}: it reaches no address there"
            )
            assert "setup-python@" not in str(job), f"{where}: its builds are for Ubuntu, the runner is Debian"
            assert not re.search(r"apt|sudo", str(job)), f"{where}: there is no root"
        else:
            tailscale = [step for step in job["steps"] if "tailscale/" in step.get("uses", "")]
            assert len(tailscale) == (1 if secrets(job) else 0), where
            assert all(step["if"] == "env.TAILSCALE == 'true'" for step in tailscale), "only where it is wanted"


def test_nothing_is_deployed_without_somebody_who_approves() -> None:
    github, gitea = (workflow(forge, "up") for forge in FORGES)
    assert github["jobs"]["up"]["environment"] == "production"
    assert github["jobs"]["up"]["if"] == "vars.DEPLOY == 'true'", "GitHub makes a missing environment without reviewers"
    assert github[True] == {"push": {"branches": ["main"]}}
    assert list(gitea[True]) == ["workflow_dispatch"], "Gitea ignores environments"
    assert {one["concurrency"]["group"] for one in (github, gitea)} == {"stack"}, "one operation at a time"


def test_a_release_is_asked_for_by_somebody_and_made_of_the_whole_history() -> None:
    for forge in FORGES:
        found = workflow(forge, "release")
        assert list(found[True]) == ["workflow_dispatch"], f"{forge}: a version is nothing that a push knows"
        (job,) = found["jobs"].values()
        assert job["steps"][0]["with"]["fetch-depth"] == 0, f"{forge}: the last tag is far away"
        holders = [step["run"] for step in job["steps"] if "github.token" in str(step)]
        assert holders == commands(job)[-1:], f"{forge}: tests run without what may push"


def test_uv_is_the_locked_one() -> None:
    (locked,) = re.findall(r"^uv==(\S+)$", (ROOT / "requirements-dev.in").read_text(), re.MULTILINE)
    used = {
        step["with"]["version"] for *_, job in jobs() for step in job["steps"] if "setup-uv@" in step.get("uses", "")
    }
    assert used == {locked}


def test_actionlint_reads_them_all(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    try:
        find(ACTIONLINT)
    except UnavailableError as error:
        pytest.skip(f"{error}: make check builds it")
    assert check_workflows.main() == 0, capfd.readouterr()
    broken = tmp_path / ".gitea" / "workflows" / "broken.yml"
    broken.parent.mkdir(parents=True)
    text = (ROOT / ".gitea" / "workflows" / "drift.yml").read_text()
    broken.write_text(text.replace("github.token", "github.tokn").replace("issues: write", "issue: write"))
    assert check_workflows.main(tmp_path) == 1
    told = capfd.readouterr().out
    assert 'property "tokn" is not defined' in told
    assert 'unknown permission scope "issue"' in told
