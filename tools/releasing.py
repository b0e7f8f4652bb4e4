"""`make release VERSION=0.2.0`: the section of the changelog, a commit and a tag, after all checks.

Nothing leaves this machine: the workflow `release` does the same and publishes it (docs/ci.md), by `make ci-release`.
"""

import argparse
import datetime
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import semver

from tools import changelog
from tools.refusal import refusal

ROOT = Path(__file__).resolve().parent.parent
BRANCH = "main"
FILE = "CHANGELOG.md"
CHECKS = ("make", "check", "test")
_SHOWN = 5


class ReleaseError(Exception):
    """There is no release of that. The message says why, and what to do."""


@dataclass(frozen=True)
class Repository:
    """A checkout; `variables` are the environment of git, where they are not those of this process."""

    root: Path
    variables: Mapping[str, str] | None = None

    def git(self, *words: str) -> str:
        """Its output; ReleaseError with what it says when it fails."""
        run = subprocess.run(
            [shutil.which("git") or "git", *words],
            cwd=self.root,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            raise ReleaseError(f"git {words[0]}: {run.stderr.strip() or run.stdout.strip()}")
        return run.stdout.strip()

    def releases(self) -> list[semver.Version]:
        """Those that have a tag, from the first to the last."""
        names = (name.removeprefix("v") for name in self.git("tag", "--list", "v*").splitlines())
        return sorted(semver.Version.parse(name) for name in names if semver.Version.is_valid(name))

    def changelog(self) -> str:
        """Its text."""
        return (self.root / FILE).read_text(encoding="utf-8")


def parsed(version: str) -> semver.Version:
    """The version; ReleaseError where it is none of semver.org, or has a build, which orders nothing."""
    if not semver.Version.is_valid(version) or "+" in version:
        raise ReleaseError(f"VERSION={version}: is no version as semver.org has it; say 0.2.0, or 0.2.0-rc.1")
    return semver.Version.parse(version)


def refuse(repository: Repository, version: str) -> None:
    """Raise ReleaseError where this cannot become that release."""
    new, git = parsed(version), repository.git
    if git("rev-parse", "--is-shallow-repository") == "true":
        raise ReleaseError("this checkout has not all tags and commits: git fetch --unshallow --tags")
    branch = git("branch", "--show-current")
    if branch != BRANCH:
        raise ReleaseError(f"this is {branch or 'no branch'}; releases are made of {BRANCH}: git switch {BRANCH}")
    changed = git("status", "--porcelain").splitlines()
    if changed:
        names = ", ".join(line.split(maxsplit=1)[1] for line in changed[:_SHOWN])
        raise ReleaseError(f"{len(changed)} files are not as they were committed ({names}): commit or remove them")
    releases = repository.releases()
    if new in releases:
        raise ReleaseError(f"VERSION={version}: there is v{version} already; say a higher one")
    if releases and new < releases[-1]:
        raise ReleaseError(f"VERSION={version}: v{releases[-1]} is higher; say a version above it")
    if not changelog.lines(changelog.section(repository.changelog())):
        raise ReleaseError(f"{FILE} has nothing below Unreleased: what does somebody notice who updates?")


def release(repository: Repository, version: str, day: str) -> None:
    """Check, write the section, commit and tag."""
    refuse(repository, version)
    head = repository.git("rev-parse", "HEAD")
    if subprocess.run(CHECKS, cwd=repository.root, check=False).returncode:
        raise ReleaseError(f"`{' '.join(CHECKS)}` fails; nothing was written")
    refuse(repository, version)
    if repository.git("rev-parse", "HEAD") != head:
        raise ReleaseError(f"{BRANCH} is another commit than the one that was tested; once more")
    (repository.root / FILE).write_text(changelog.released(repository.changelog(), version, day), encoding="utf-8")
    repository.git("commit", "--quiet", "--message", f"Release {version}", "--", FILE)
    repository.git("tag", "--annotate", "--message", f"home-cluster {version}", f"v{version}")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when there is a tag, 1 when nothing was written."""
    parser = argparse.ArgumentParser(prog="python -m tools.releasing", description=__doc__, allow_abbrev=False)
    parser.add_argument("--version", default="", help="of the release, such as 0.2.0")
    version = parser.parse_args(arguments).version
    try:
        release(Repository(root), version, datetime.datetime.now(datetime.UTC).date().isoformat())
    except ReleaseError as error:
        print(refusal("release", error), file=sys.stderr)
        return 1
    print(f"v{version} is made, here alone. Look: git show v{version}")
    print(
        f"Publish: make ci-release VERSION={version}. Take it back: git tag --delete v{version}; git reset --keep HEAD~"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
