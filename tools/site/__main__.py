"""`make docs`: the documentation as a site in build/site, without a warning."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.site import source

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE, TARGET = ROOT / "build" / "site-source", ROOT / "build" / "site"


def repository(environment: Mapping[str, str]) -> str:
    """Where the forge shows the files of what is built: GitHub and Gitea say so to their workflows."""
    server, name = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    return f"{server}/{name}/blob/{environment.get('GITHUB_REF_NAME', 'main')}" if server and name else ""


def main() -> int:
    """Exit code of the generator, which fails at a warning."""
    source.write(ROOT, SOURCE, repository(os.environ))
    uv = ROOT / ".venv" / "bin" / "uv"
    # In an environment of its own, with hashes: the site needs nothing of the program, nor that of it.
    words = ("run", "--no-project", "--isolated", "--quiet", "--with-requirements", str(ROOT / "requirements-docs.txt"))
    built = ("zensical", "build", "--strict", "--clean", "--config-file", str(ROOT / "zensical.toml"))
    code = subprocess.run([str(uv), *words, *built], cwd=ROOT, check=False).returncode
    if code == 0:
        print(f"docs: open {TARGET / 'index.html'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
