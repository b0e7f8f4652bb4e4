"""`make ci-release VERSION=0.2.0`: push what `make release` made, and write its page on the forge.

Run again it goes on: what was pushed is not pushed again, the page is brought up to date, files that it has stay.
"""

import argparse
import base64
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools import changelog
from tools.ci import text
from tools.ci.forge import Forge, ForgeError
from tools.refusal import refusal
from tools.releasing import BRANCH, ROOT, ReleaseError, Repository, parsed

ATTACHED = Path("build") / "sbom.cdx.json"
"""Goes along where it was made (`make sbom`)."""
ROOM = 125_000
"""Characters that GitHub takes for the page of a release."""


def _authenticated(variables: Mapping[str, str], token: str) -> dict[str, str]:
    """Environment in which git has the token, in no argument and in no file, as actions/checkout gives it."""
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return {
        **variables,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{variables.get('GITHUB_SERVER_URL', '')}/.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic}",
    }


def push(repository: Repository, tag: str) -> None:
    """Push the tag and its commit, both or neither; ReleaseError where the forge has another one of that name."""
    git, reference = repository.git, f"refs/tags/{tag}"
    there = git("ls-remote", "origin", reference).partition("\t")[0]
    if there and there != git("rev-parse", reference):
        raise ReleaseError(f"the forge has another {tag}; a tag that people may have does not change: raise VERSION")
    if not there:
        git("push", "--quiet", "--atomic", "origin", f"{tag}^{{commit}}:refs/heads/{BRANCH}", reference)


def notes(repository: Repository, version: str, files: str) -> str:
    """The page: the section of the changelog as it is at the tag, then the commits since the release before."""
    tag = f"v{version}"
    written = changelog.section(repository.git("show", f"{tag}:CHANGELOG.md"), version)
    before = [one for one in repository.releases() if one < parsed(version)]
    span = f"v{before[-1]}..{tag}~" if before else f"{tag}~"
    commits = repository.git("log", "--no-merges", "--format=- %s (%h)", span)
    room = ROOM - len(changelog.notes(written, "", files))
    return changelog.notes(written, text.shortened(commits, room, end=False), files)


def publish(repository: Repository, version: str, forge: Forge, files: str) -> str:
    """Push, write the page, attach; the URL of the page."""
    tag, new = f"v{version}", parsed(version)
    if tag not in repository.git("tag", "--list", tag).splitlines():
        raise ReleaseError(f"there is no {tag}: make release VERSION={version}")
    push(repository, tag)
    page = forge.release(tag, version, notes(repository, version, files), prerelease=bool(new.prerelease))
    has = {one["name"] for one in page.get("assets") or ()}
    file = repository.root / ATTACHED
    if file.is_file() and file.name not in has:
        forge.attach(page, file.name, file.read_bytes())
    return str(page["html_url"])


def main(arguments: Sequence[str] | None = None, root: Path = ROOT, variables: Mapping[str, str] | None = None) -> int:
    """Exit code 0 when the release has its page."""
    parser = argparse.ArgumentParser(prog="python -m tools.ci.release", description=__doc__, allow_abbrev=False)
    parser.add_argument("--version", default="", help="of the release, such as 0.2.0")
    version = parser.parse_args(arguments).version
    environment = os.environ if variables is None else variables
    try:
        forge = Forge.of(environment)
        if forge is None:
            raise ReleaseError("GITHUB_TOKEN, GITHUB_API_URL, GITHUB_SERVER_URL and GITHUB_REPOSITORY say where to")
        files = f"{environment.get('GITHUB_SERVER_URL')}/{forge.repository}/blob/v{version}/"
        repository = Repository(root, _authenticated(environment, forge.token))
        print(f"released: {publish(repository, version, forge, files)}")
    except (ForgeError, ReleaseError) as error:
        print(refusal("ci-release", error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
