"""The script that sets up Gitea's login, run by bash against a double of the `gitea` command."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.gitea.login_source import SCRIPT

ENVIRONMENT = {
    "SOURCE": "authentik",
    "CLIENT_ID": "gitea",
    "CLIENT_SECRET": "s3cret",
    "DISCOVERY_URL": "https://auth.example.com/application/o/gitea/.well-known/openid-configuration",
    "SCOPES": "openid,profile,email",
    "USER_GROUP": "gitea-users",
    "ADMIN_GROUP": "gitea-admins",
    "GROUP_TEAM_MAP": '{"people": {"home": ["crew"]}}',
    "TRIES": "2",
    "PAUSE_SECONDS": "0",
}
HEADER = "ID   |Name          |Type    |Enabled\n"
OTHER = "1    |authentik-old |OAuth2  |true\n"
OURS = "2    |authentik     |OAuth2  |true\n"


@dataclass
class Gitea:
    """A double that writes down each call, one line each, and fails where told to."""

    directory: Path

    def run(self, table: str, failing: str = "nothing", **changed: str) -> subprocess.CompletedProcess[str]:
        (self.directory / "table").write_text(table)
        command = self.directory / "gitea"
        command.write_text(
            f'#!/bin/sh\necho "$@" >> {self.directory}/calls\n'
            f'case "$3" in {failing}) exit 1 ;; list) cat {self.directory}/table ;; esac\n'
        )
        command.chmod(0o755)
        bash = shutil.which("bash")
        assert bash is not None, "the script is one of bash, as the image has it"
        return subprocess.run(
            [bash, "-c", SCRIPT.read_text(encoding="utf-8")],
            env={
                **ENVIRONMENT,
                "APPLIED": str(self.directory / "applied"),
                "PATH": f"{self.directory}:/usr/bin:/bin",
                **changed,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def changes(self) -> list[str]:
        calls = (self.directory / "calls").read_text().splitlines()
        return [call for call in calls if " list " not in call]


@pytest.fixture
def gitea(tmp_path: Path) -> Gitea:
    return Gitea(tmp_path)


def test_a_source_that_is_not_there_is_added(gitea: Gitea) -> None:
    result = gitea.run(HEADER)
    assert result.returncode == 0, result.stderr
    (change,) = gitea.changes
    assert change.startswith("admin auth add-oauth --name authentik --provider openidConnect"), "there was none"
    for value in (
        "--secret s3cret",
        "--scopes openid,profile,email",
        f"--auto-discover-url {ENVIRONMENT['DISCOVERY_URL']}",
    ):
        assert value in change, f"{value} is part of the declaration"
    for value in ("--required-claim-value gitea-users", "--admin-group gitea-admins", "--group-claim-name groups"):
        assert value in change, f"{value} decides who may do what"
    teams = """--group-team-map {"people": {"home": ["crew"]}} --group-team-map-removal=true"""
    assert teams in change, "who leaves a group leaves its teams"


def test_a_source_that_is_there_is_updated_by_its_id(gitea: Gitea) -> None:
    result = gitea.run(HEADER + OTHER + OURS)
    assert result.returncode == 0, result.stderr
    (change,) = gitea.changes
    assert change.startswith("admin auth update-oauth --id 2 --name authentik "), (
        "a second source would be another login"
    )


def test_a_source_whose_name_only_begins_the_same_is_another(gitea: Gitea) -> None:
    gitea.run(HEADER + OTHER)
    (change,) = gitea.changes
    assert change.startswith("admin auth add-oauth"), "updating it would take somebody else's login away"


def test_warnings_above_the_table_do_no_harm(gitea: Gitea) -> None:
    gitea.run("2026/11/23 [W] something deprecated\n" + HEADER + OURS)
    (change,) = gitea.changes
    assert change.startswith("admin auth update-oauth --id 2 "), "Gitea logs to the same place as it answers"


def test_gitea_starts_while_authentik_is_down_once_the_source_is_as_declared(gitea: Gitea) -> None:
    gitea.run(HEADER + OURS)
    result = gitea.run(HEADER + OURS, failing="update-oauth")
    assert result.returncode == 0, "repositories must be served while nobody can log in"
    assert ENVIRONMENT["DISCOVERY_URL"] in result.stderr, "the log must say what could not be read"
    assert len(gitea.changes) == 1 + int(ENVIRONMENT["TRIES"]), "after it was tried for as long as a restart takes"


@pytest.mark.parametrize("changed", [{"CLIENT_SECRET": "renewed"}, {"GROUP_TEAM_MAP": "{}"}, {"ADMIN_GROUP": "few"}])
def test_gitea_does_not_start_with_a_source_that_is_not_as_declared(gitea: Gitea, changed: dict[str, str]) -> None:
    gitea.run(HEADER + OURS)
    result = gitea.run(HEADER + OURS, failing="update-oauth", **changed)
    assert result.returncode == 1, "every login would end in invalid_client, or a removed group keep its rights"
    assert gitea.run(HEADER + OURS, **changed).returncode == 0, "and it does once Authentik is back"
    assert "s3cret" not in (gitea.directory / "applied").read_text(), "what is kept of it tells nobody the secret"


def test_a_source_of_which_nothing_is_known_has_to_be_written(gitea: Gitea) -> None:
    assert gitea.run(HEADER + OURS, failing="update-oauth").returncode == 1, "somebody may have made it by hand"


@pytest.mark.parametrize("failing", ["add-oauth", "list"])
def test_a_gitea_that_never_had_the_source_does_not_start_without_it(gitea: Gitea, failing: str) -> None:
    result = gitea.run(HEADER, failing=failing)
    assert result.returncode != 0, "nobody could ever log in, and nothing would say so"
