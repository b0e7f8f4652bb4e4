"""`make ci-preview`, `ci-plan`, `ci-drift`: what a workflow runs, with its result where people look.

- preview: what the pull request would change, as a comment that is kept up to date
- plan: what another Talos or Kubernetes does to the nodes, where the stack file changed, as another comment
- drift: what was changed behind the program's back, as one issue that opens and closes by itself

Outside a workflow they print the same. Variables are those that GitHub and Gitea set, and the secrets of docs/ci.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.ci import text
from tools.ci.forge import Forge, ForgeError
from tools.operate import ROOT, OperateError, stack_file
from tools.refusal import refusal

FLAGS = ("--suppress-outputs", "--suppress-progress")
"""Of `pulumi preview`, for where it shows itself: no values, and no dots."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a workflow, or of a person.

    Attributes:
        variables: Environment of the run. A secret that is not set is an empty variable there, which means none.
    """

    variables: Mapping[str, str]
    root: Path
    stack: str

    @property
    def mark(self) -> str:
        """Begins what tells texts of this stack from others."""
        return f"<!-- home-cluster {self.stack} "

    @property
    def url(self) -> str:
        """Where a person reads what the run said; Gitea numbers runs otherwise in its pages than in its variables."""
        place = f"{self.variables.get('GITHUB_SERVER_URL', '')}/{self.variables.get('GITHUB_REPOSITORY', '')}/actions"
        return place if "GITEA_ACTIONS" in self.variables else f"{place}/runs/{self.variables.get('GITHUB_RUN_ID', '')}"

    @property
    def forge(self) -> Forge | None:
        """The API, where the run has a token for it."""
        return Forge.of(self.variables)

    @property
    def number(self) -> int | None:
        """Of the pull request that the run is about."""
        event = self.variables.get("GITHUB_EVENT_PATH")
        found = json.loads(Path(event).read_text(encoding="utf-8")) if event else {}
        return (found.get("pull_request") or {}).get("number")

    def lacks(self) -> str:
        """Which secret the stack needs that the repository does not have; empty where none."""
        if not any(self.variables.get(name) for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN")):
            return "PULUMI_BACKEND_URL or PULUMI_ACCESS_TOKEN"
        salted = "encryptionsalt:" in stack_file(self.root, self.stack).read_text(encoding="utf-8")
        passphrases = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
        return passphrases[0] if salted and not any(self.variables.get(name) for name in passphrases) else ""

    def command(self, module: str, *arguments: str) -> tuple[int, str]:
        """Exit code and output of a command of `make`, which is also printed."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.root,
            env={name: value for name, value in self.variables.items() if value},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(done.stdout, end="", flush=True)
        return done.returncode, done.stdout

    def comment(self, kind: str, body: str, *, only_again: bool = False) -> None:
        """Comment on the pull request, or, with `only_again`, change the comment that is there."""
        self.summarise(body)
        mark = f"{self.mark}{kind} -->"
        if self.forge is None or self.number is None:
            print("No comment: this is no run for a pull request, or it has no token.")
        elif not only_again or self.forge.commented(self.number, mark):
            self.forge.comment(self.number, mark, body)

    def summarise(self, body: str) -> None:
        """Put it on the page of the run as well."""
        place = self.variables.get("GITHUB_STEP_SUMMARY")
        if place:
            with Path(place).open("a", encoding="utf-8") as page:
                page.write(f"{body}\n")


def preview(run: Run) -> int:
    """Exit code of the preview."""
    code, output = run.command("tools.operate", "preview", "--stack", run.stack, *FLAGS)
    verdict = text.counts(output) or ("Nothing would change." if code == 0 else "")
    verdict = f"**It fails.** {verdict}".strip() if code else verdict
    run.comment("preview", text.comment(f"Preview of {run.stack}", verdict, output, run.url, end=code != 0))
    return code


def plan(run: Run) -> int:
    """Exit code 0 when there is a plan, or nothing to plan."""
    title = f"Nodes of {run.stack}"
    if not _changed(run):
        run.comment("plan", f"### {title}\n\nThe stack file is as before.\n", only_again=True)
        return 0
    code, output = run.command("tools.upgrade_plan", "--stack", run.stack, "--from", "HEAD^1")
    verdict = "**Not as it stands.**" if code else "What the changed stack file does to each node."
    run.comment("plan", text.comment(title, verdict, output, run.url, end=False))
    return code


def _changed(run: Run) -> bool:
    """Whether the merge that the run is about changes the stack file; its first parent is what it goes into."""
    git = shutil.which("git")
    if git is None:
        raise OperateError("there is no git here, which says what the pull request changes.")
    command = [git, "diff", "--quiet", "HEAD^1", "HEAD", "--", stack_file(run.root, run.stack).name]
    code = subprocess.run(command, cwd=run.root, check=False).returncode
    if code not in (0, 1):
        raise OperateError("git does not know HEAD^1: the checkout needs `fetch-depth: 2`.")
    return code == 1


def drift(run: Run) -> int:
    """Exit code 0 also with drift, which has an issue; 2 when nobody can tell."""
    code, output = run.command("tools.drift", "--stack", run.stack)
    lines = output.splitlines()
    body = text.comment(f"Drift of {run.stack}", f"{lines[0] if lines else ''}.", output, run.url, end=False)
    run.summarise(body)
    mark = f"{run.mark}drift -->"
    if run.forge is None:
        print("No issue: this run has no token.")
    elif code == 0:
        print(run.forge.close(mark, f"There is none any more: [the run]({run.url})."))
    elif code == 1:
        print(run.forge.issue(mark, f"{run.stack} is not as the program left it", body))
    return 0 if code == 1 else code


COMMANDS = {"preview": preview, "plan": plan, "drift": drift}


def main(arguments: Sequence[str] | None = None, root: Path = ROOT, variables: Mapping[str, str] | None = None) -> int:
    """Exit code of what was run; 0 where the repository has no secrets for it."""
    parser = argparse.ArgumentParser(prog="python -m tools.ci", description=__doc__, allow_abbrev=False)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    options = parser.parse_args(arguments)
    run = Run(variables=os.environ if variables is None else variables, root=root, stack=options.stack)
    try:
        stack_file(root, options.stack)
        lacks = "" if options.command == "plan" else run.lacks()
        if lacks:
            print(f"No {options.command}: the repository has no secret {lacks} (docs/ci.md).")
            return 0
        return COMMANDS[options.command](run)
    except (ForgeError, OperateError) as error:
        print(refusal(f"ci-{options.command}", error), file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
