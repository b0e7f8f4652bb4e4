"""What workflows run, with a double of the API of GitHub and Gitea and with commands that say what they are told."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from doubles.loopback import Reply, Request, serving
from tests.stack_file.stacks import SHIPPED
from tools.ci import __main__ as ci
from tools.ci import text

STACK = SHIPPED.name.split(".")[1]
RESOURCES = "Resources:\n    + 3 to create\n    ~ 1 to update\n    4 changes. 640 unchanged\n"
PAGE = 2


@dataclass
class Api:
    """Issues and comments of `me/home`, as far as both forges agree; Gitea does not page comments."""

    login: str
    paged: bool
    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    refuses: bool = False

    def __call__(self, request: Request) -> Reply:
        if self.refuses or request.headers.get("Authorization") != "Bearer of-the-run":
            return Reply(status=403, body={"message": "Resource not accessible by integration"})
        place = urlsplit(request.path)
        parts = place.path.removeprefix("/repos/me/home/issues").strip("/").split("/")
        query = {name: values[0] for name, values in parse_qs(place.query).items()}
        return self._answer(request.method, parts, query, json.loads(request.body or b"{}"))

    def _answer(self, method: str, parts: list[str], query: dict[str, str], body: dict[str, Any]) -> Reply:
        reply = Reply(status=404, body={})
        match method, parts:
            case "GET", [""]:
                reply = Reply(body=self._page([one for one in self.issues if one["state"] == query["state"]], query))
            case "GET", [number, "comments"]:
                found = self.comments.get(int(number), [])
                reply = Reply(body=self._page(found, query) if self.paged else found)
            case "POST", [""]:
                self.issues.append(self._new(body, state="open", number=len(self.issues) + 1))
                reply = Reply(status=201, body=self.issues[-1])
            case "POST", [number, "comments"]:
                self.comments.setdefault(int(number), []).append(self._new(body))
                reply = Reply(status=201, body=self.comments[int(number)][-1])
            case "PATCH", ["comments", identifier]:
                every = [one for comments in self.comments.values() for one in comments]
                reply = self._changed([one for one in every if one["id"] == int(identifier)], body)
            case "PATCH", [number]:
                reply = self._changed([one for one in self.issues if one["number"] == int(number)], body)
        return reply

    def _page(self, found: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        first = (int(query["page"]) - 1) * PAGE
        return found[first : first + PAGE]

    def _new(self, body: dict[str, Any], **more: Any) -> dict[str, Any]:
        assert not body.keys() - {"title", "body"}, "labels have names at one, ids at the other"
        number = len(self.issues) + sum(map(len, self.comments.values())) + 1
        return {"id": number, "user": {"login": self.login}, **more, **body}

    @staticmethod
    def _changed(found: list[dict[str, Any]], body: dict[str, Any]) -> Reply:
        for one in found:
            one.update(body)
        return Reply(body=found[0]) if found else Reply(status=404, body={})

    def add(self, number: int, login: str, body: str) -> None:
        """A comment of somebody."""
        self.comments.setdefault(number, []).append(self._new({"body": body}) | {"user": {"login": login}})


@dataclass
class Checkout:
    """A checkout with commands that print what a file says, in the run of a pull request."""

    root: Path
    api: Api
    variables: dict[str, str]

    def says(self, module: str, output: str, code: int = 0) -> None:
        (self.root / f"{module}.txt").write_text(output, encoding="utf-8")
        lines = (
            "import os, pathlib, sys",
            f"print(pathlib.Path('{module}.txt').read_text(), end='')",
            f"pathlib.Path('{module}.json').write_text(repr([sys.argv[1:], sorted(os.environ)]))",
            f"sys.exit({code})",
        )
        (self.root / "tools" / f"{module}.py").write_text("\n".join(lines), encoding="utf-8")

    def run(self, command: str) -> int:
        return ci.main([command, "--stack", STACK], self.root, self.variables)

    def texts(self) -> list[str]:
        return [one["body"] for one in self.api.comments.get(7, [])]


@pytest.fixture(params=["github", "gitea"])
def checkout(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Checkout]:
    gitea = request.param == "gitea"
    (tmp_path / SHIPPED.name).write_text(SHIPPED.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").touch()
    (tmp_path / "event.json").write_text('{"pull_request": {"number": 7}}', encoding="utf-8")
    api = Api("gitea-actions" if gitea else "github-actions[bot]", paged=not gitea)
    with serving(api) as double:
        variables = {
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",  # the commands are written anew within a second
            "GITHUB_API_URL": double.url,
            "GITHUB_REPOSITORY": "me/home",
            "GITHUB_SERVER_URL": "https://forge.example",
            "GITHUB_RUN_ID": "42",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "GITHUB_TOKEN": "of-the-run",
            "PULUMI_BACKEND_URL": "s3://state",
            "PULUMI_ACCESS_TOKEN": "",
            **({"GITEA_ACTIONS": "true"} if gitea else {}),
        }
        yield Checkout(tmp_path, api, variables)


def test_a_preview_is_one_comment_that_is_kept_up_to_date(checkout: Checkout) -> None:
    for number in range(3):
        checkout.api.add(7, "somebody", f"look {number} <!-- home-cluster {STACK} preview -->")
    checkout.says("operate", f"  create   ConfigMap settings\npreview of {STACK} would create 1\n")
    assert checkout.run("preview") == 0
    assert "\ncreate 1\n" in checkout.texts()[-1], "the counts"
    checkout.says("operate", "Resources:\n    644 unchanged\n")
    assert checkout.run("preview") == 0
    *foreign, ours = checkout.texts()
    assert all(one.startswith("look") for one in foreign), "a mark in somebody else's text means nothing"
    assert len(foreign) == 3
    assert "\n644 unchanged\n" in ours, "and not what it was before"
    called = (checkout.root / "operate.json").read_text(encoding="utf-8")
    assert "'preview', '--stack', 'test-cluster'" in called
    assert "PULUMI_ACCESS_TOKEN" not in called, "a secret that is not set is no empty one"
    page = "/actions)" if "GITEA_ACTIONS" in checkout.variables else "/actions/runs/42)"
    assert f"(https://forge.example/me/home{page}" in ours
    assert (checkout.root / "summary.md").read_text(encoding="utf-8").count("### Preview of") == 2


def test_a_long_preview_keeps_its_counts_and_the_way_to_the_rest(checkout: Checkout) -> None:
    lines = "".join(f"+ kubernetes:core/v1:ConfigMap  settings-{number}  create\n" for number in range(3000))
    checkout.says("operate", f"{lines}```\n{RESOURCES}")
    assert checkout.run("preview") == 0
    (body,) = checkout.texts()
    assert len(body) <= text.ROOM, "longer ones are refused"
    assert "\n+ 3 to create, ~ 1 to update, 4 changes. 640 unchanged\n" in body
    assert "settings-0 " in body
    assert re.search(r"… \d{3,4} lines more", body), "how much is missing"
    assert f"<!-- home-cluster {STACK} preview -->" in body, "else the next one would be a second comment"


def test_a_preview_that_fails_says_so_and_shows_its_end(checkout: Checkout) -> None:
    checkout.says("operate", "line\n" * 30_000 + "error: the passphrase is wrong\n", code=255)
    assert checkout.run("preview") == 255, "the check of the pull request is red"
    (body,) = checkout.texts()
    assert "**It fails.**" in body
    assert "error: the passphrase is wrong" in body


@pytest.mark.parametrize(
    ("gone", "missing"),
    [("PULUMI_BACKEND_URL", "PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN"), ("", "PULUMI_CONFIG_PASSPHRASE")],
)
@pytest.mark.parametrize("command", ["preview", "drift"])
def test_without_secrets_nothing_runs_and_nothing_fails(
    checkout: Checkout, command: str, gone: str, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.variables[gone] = ""
    if not gone:
        with (checkout.root / SHIPPED.name).open("a", encoding="utf-8") as file:
            file.write("encryptionsalt: v1:x\n")
    assert checkout.run(command) == 0
    assert f"the repository has no secret {missing} (docs/ci.md)" in capsys.readouterr().out
    assert not checkout.texts()


def test_a_refusal_of_the_api_is_told(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    checkout.api.refuses = True
    checkout.says("operate", RESOURCES)
    assert checkout.run("preview") == 2
    assert "answers 403 for GET issues/7/comments" in capsys.readouterr().err


def test_a_plan_of_the_nodes_is_there_for_a_stack_file_that_changed(checkout: Checkout) -> None:
    def git(*command: str) -> None:
        identity = ("-c", "user.name=me", "-c", "user.email=me@example.com")
        subprocess.run(["/usr/bin/env", "git", *identity, *command], cwd=checkout.root, check=True, capture_output=True)

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "before")
    assert checkout.run("plan") == 2, "HEAD^1 is not there: the checkout is too shallow"
    git("commit", "--quiet", "--allow-empty", "-m", "no change of the file")
    assert (checkout.run("plan"), checkout.texts()) == (0, []), "nothing to say"
    (checkout.root / SHIPPED.name).write_text("config: {}\n", encoding="utf-8")
    git("commit", "--quiet", "-am", "a change")
    checkout.says("upgrade_plan", "control0 v1.13.7 -> v1.13.9\n")
    assert checkout.run("plan") == 0
    assert "'--from', 'HEAD^1'" in (checkout.root / "upgrade_plan.json").read_text(encoding="utf-8")
    checkout.says("upgrade_plan", "upgrade-plan: two minors at once\n", code=1)
    assert checkout.run("plan") == 1
    (body,) = checkout.texts()
    assert "**Not as it stands.**" in body
    git("commit", "--quiet", "--allow-empty", "-m", "taken back")
    assert checkout.run("plan") == 0
    (body,) = checkout.texts()
    assert "The stack file is as before." in body, "the comment of before is not true any more"


def test_drift_is_one_issue_that_closes_by_itself(checkout: Checkout) -> None:
    checkout.api.issues += [
        {
            "id": 90 + n,
            "number": 90 + n,
            "state": "open",
            "body": "",
            "user": {"login": "me"},
            "pull_request": {"url": "…"},
        }
        for n in range(3)
    ]
    checkout.says("drift", f"drift of {STACK}: 1 changed; 656 resources were compared\n\ncluster\n", code=1)
    assert checkout.run("drift") == 0, "the issue says it"
    issue = checkout.api.issues[-1]
    assert (issue["title"], issue["state"]) == (f"{STACK} is not as the program left it", "open")
    checkout.says("drift", f"drift of {STACK}: 2 changed; 656 resources were compared\n", code=1)
    checkout.run("drift")
    assert "2 changed" in issue["body"]
    checkout.says("drift", "nobody can tell\n", code=2)
    assert checkout.run("drift") == 2, "red, as nobody knows"
    assert issue["state"] == "open"
    checkout.says("drift", f"drift of {STACK}: none; 656 resources were compared\n")
    assert checkout.run("drift") == 0
    assert issue["state"] == "closed"
    assert len(checkout.api.issues) == 4, "one for all nights"
    assert len(checkout.api.comments[issue["number"]]) == 1, "that it is gone"
