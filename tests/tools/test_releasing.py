"""A release: what is refused, what is written, and what the forge shows; in a repository of its own with a remote."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from doubles.loopback import Double, Reply, Request, serving
from tests.support.program import ROOT
from tools import changelog, releasing
from tools.ci import release as publishing

LOG = """# Changelog

## Unreleased

### Added

- Chains ([page](docs/chains.md)), which go
  on below.

"""


@dataclass
class Forge:
    """Releases of `me/home` as both forges have them; GitHub's URL for files is a template."""

    template: str
    url: str = ""
    pages: list[dict[str, Any]] = field(default_factory=list)
    refuses_files: bool = False

    def __call__(self, request: Request) -> Reply:
        assert request.headers["Authorization"] == "Bearer of-the-run"
        path, _, query = request.path.removeprefix("/api/repos/me/home/releases").partition("?")
        match request.method, path.strip("/").split("/"):
            case "GET", [""]:
                return Reply(body=self.pages if "page=1" in query.split("&") else [])
            case "POST", [""]:
                number = len(self.pages) + 1
                upload = f"{self.url}/api/repos/me/home/releases/{number}/assets{self.template}"
                page = {"id": number, "upload_url": upload, "html_url": f"https://forge.example/{number}", "assets": []}
                self.pages.append(page | json.loads(request.body))
                return Reply(status=201, body=self.pages[-1])
            case "PATCH", [number]:
                self.pages[int(number) - 1].update(json.loads(request.body))
                return Reply(body=self.pages[int(number) - 1])
            case "POST", [number, "assets"] if not self.refuses_files:
                file = {"name": query.removeprefix("name="), "size": len(request.body)}
                self.pages[int(number) - 1]["assets"].append(file)
                return Reply(status=201, body=file)
        return Reply(status=500)


@dataclass
class Checkout:
    """A checkout of main with a bare remote, and a Makefile whose `check` and `test` say that they ran."""

    root: Path
    forge: Forge
    variables: dict[str, str]

    def git(self, *words: str) -> str:
        return releasing.Repository(self.root).git(*words)

    def commit(self, subject: str, text: str = LOG) -> None:
        (self.root / "CHANGELOG.md").write_text(text, encoding="utf-8")
        self.git("add", ".")
        self.git("commit", "--allow-empty", "--quiet", "--message", subject)

    def release(self, version: str) -> int:
        return releasing.main(["--version", version], self.root)

    def publish(self, version: str) -> int:
        return publishing.main(["--version", version], self.root, self.variables)

    @property
    def checked(self) -> list[str]:
        file = self.root / "build" / "ran"
        return file.read_text().split() if file.exists() else []


@pytest.fixture(params=["{?name,label}", ""], ids=["github", "gitea"])
def checkout(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkout]:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "me")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "me@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    above = releasing.Repository(tmp_path)
    above.git("init", "--quiet", "--bare", "-b", "main", "origin")
    above.git("clone", "--quiet", "origin", "checkout")
    root = tmp_path / "checkout"
    (root / "Makefile").write_text("check test:\n\t@mkdir -p build && echo $@ >> build/ran && test ! -e build/fails\n")
    (root / ".gitignore").write_text("build/\n")
    forge = Forge(request.param)
    with serving(forge) as double:
        forge.url = double.url
        found = Checkout(root, forge, _variables(double))
        found.commit("The beginning")
        yield found


def _variables(double: Double) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GITHUB_API_URL": f"{double.url}/api",
        "GITHUB_REPOSITORY": "me/home",
        "GITHUB_SERVER_URL": "https://forge.example",
        "GITHUB_TOKEN": "of-the-run",
    }


@pytest.mark.parametrize(
    ("version", "before", "said"),
    [
        ("", "", "VERSION=: is no version"),
        ("v0.3.0", "", "VERSION=v0.3.0: is no version"),
        ("0.3", "", "VERSION=0.3: is no version"),
        ("0.3.0+1", "", "VERSION=0.3.0+1: is no version"),
        ("0.2.0", "", "there is v0.2.0 already"),
        ("0.1.9", "", "VERSION=0.1.9: v0.2.0 is higher"),
        ("0.2.0-rc.2", "", "VERSION=0.2.0-rc.2: v0.2.0 is higher"),
        ("0.10.0", "touch lost", "1 files are not as they were committed (lost)"),
        ("0.10.0", "git switch --quiet --create fix", "this is fix; releases are made of main: git switch main"),
        ("0.10.0", "git checkout --quiet --detach", "this is no branch"),
        ("0.10.0", "sed -i /Chains/,//d CHANGELOG.md; git commit --quiet -am less", "has nothing below Unreleased"),
        ("0.10.0", "touch .git/shallow; git rev-parse HEAD > .git/shallow", "git fetch --unshallow --tags"),
        ("0.10.0", "mkdir build; touch build/fails", "`make check test` fails; nothing was written"),
    ],
)
@pytest.mark.parametrize("checkout", ["{?name,label}"], indirect=True, ids=["github"])
def test_what_is_no_release_is_refused(
    checkout: Checkout, version: str, before: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    checkout.git("tag", "v0.2.0")
    checkout.git("tag", "v0.2.0-rc.1")
    checkout.git("tag", "vault")
    subprocess.run(before, shell=True, cwd=checkout.root, check=True)  # noqa: S602 - of the table
    head = checkout.git("rev-parse", "HEAD")
    assert checkout.release(version) == 1
    told = capfd.readouterr().err
    assert said in told
    assert "docs/runbooks/refusals.md#make-release" in told
    assert checkout.git("rev-parse", "HEAD") == head
    assert len(checkout.git("tag").split()) == 3
    assert bool(checkout.checked) == ("fails" in before), "the tests take minutes: what is wrong is told before"


def test_a_release_is_checked_written_tagged_and_published_once(checkout: Checkout) -> None:
    assert checkout.release("0.1.0") == 0
    assert checkout.checked == ["check", "test"]
    assert checkout.git("cat-file", "-t", "v0.1.0") == "tag", "with who made it, and when"
    assert checkout.git("status", "--porcelain") == ""
    written = releasing.Repository(checkout.root).changelog()
    assert re.search(r"## Unreleased\n\n## 0\.1\.0 - \d{4}-\d\d-\d\d\n\n### Added\n\n- Chains", written)
    assert checkout.git("ls-remote", "origin") == "", "nothing left this machine"

    checkout.commit("Somebody goes on", written)
    (checkout.root / publishing.ATTACHED).write_text("{}")
    checkout.forge.refuses_files = True
    assert checkout.publish("0.1.0") == 1, "it is interrupted in the middle"
    checkout.forge.refuses_files = False
    assert [checkout.publish("0.1.0"), checkout.publish("0.1.0")] == [0, 0]
    remote = checkout.git("ls-remote", "origin")
    assert f"{checkout.git('rev-parse', 'v0.1.0^{}')}\trefs/heads/main" in remote, "what is released, not what is here"
    assert f"{checkout.git('rev-parse', 'v0.1.0')}\trefs/tags/v0.1.0" in remote
    (page,) = checkout.forge.pages
    assert (page["tag_name"], page["prerelease"], page["draft"]) == ("v0.1.0", False, False)
    assert page["assets"] == [{"name": "sbom.cdx.json", "size": 2}], "once"
    files = "https://forge.example/me/home/blob/v0.1.0/docs/chains.md"
    assert f"- Chains ([page]({files})), which go on below." in page["body"], "a page of a forge breaks at each line"
    assert re.search(r"<summary>Commits</summary>\n\n- The beginning \([0-9a-f]+\)\n\n</details>", page["body"])


def test_the_next_one_has_what_came_since(checkout: Checkout) -> None:
    assert [checkout.release("0.1.0"), checkout.publish("0.1.0")] == [0, 0]
    written = releasing.Repository(checkout.root).changelog()
    checkout.commit("More", written.replace("## Unreleased\n", "## Unreleased\n\n### Added\n\n- More.\n"))
    assert [checkout.release("0.2.0-rc.1"), checkout.publish("0.2.0-rc.1")] == [0, 0]
    page = checkout.forge.pages[-1]
    assert page["prerelease"] is True
    assert "Chains" not in page["body"]
    assert re.findall(r"^- (\w.*?)(?: \(\w+\))?$", page["body"], re.MULTILINE) == ["More.", "More"]


def test_a_tag_that_people_have_is_not_moved(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    assert checkout.publish("0.1.0") == 1
    assert "there is no v0.1.0: make release VERSION=0.1.0" in capsys.readouterr().err
    assert checkout.release("0.1.0") == 0
    checkout.git("push", "--quiet", "origin", "v0.1.0^{}:refs/tags/v0.1.0")
    assert checkout.publish("0.1.0") == 1
    assert "the forge has another v0.1.0" in capsys.readouterr().err
    assert checkout.forge.pages == []


def test_without_its_commit_no_tag_is_pushed(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    checkout.commit("Somebody was faster")
    checkout.git("push", "--quiet", "origin", "HEAD:main")
    checkout.git("reset", "--quiet", "--hard", "HEAD~")
    assert [checkout.release("0.1.0"), checkout.publish("0.1.0")] == [0, 1]
    assert "git push: " in capsys.readouterr().err
    assert "refs/tags" not in checkout.git("ls-remote", "origin")
    assert checkout.forge.pages == []


def test_the_token_is_in_no_argument(checkout: Checkout) -> None:
    told = publishing._authenticated(checkout.variables, "of-the-run")
    assert told["GIT_CONFIG_KEY_0"] == "http.https://forge.example/.extraheader", "to this forge alone"
    assert told["GIT_CONFIG_VALUE_0"] == "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46b2YtdGhlLXJ1bg=="


def test_the_changelog_of_the_project_can_be_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert changelog.lines(changelog.section(text)), "the next release has something to say"
    new = changelog.released(text, "99.0.0", "2099-01-01")
    assert changelog.section(new, "99.0.0") == changelog.section(text)
    assert changelog.section(new) == ""
    notes = changelog.notes(changelog.section(text), "", "https://forge.example/")
    assert not re.search(r"\]\((?!https://)", notes), "no link leads nowhere"
