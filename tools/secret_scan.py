"""`make secret-scan`: gitleaks reads every file that is, or is about to be, committed, and the history.

ARGS=--tree leaves out the history, as `make check` does; ARGS=--since=<commit> begins it there. Values are never shown.
What looks like a secret and is none stands in `.gitleaks.toml`, with the reason.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.files import SetupError
from tools.real_programs import GITLEAKS
from tools.real_servers import ensure
from tools.refusal import refusal

ROOT = Path(__file__).resolve().parent.parent
_SHOWN = "{{range .}}{{.RuleID}} in {{.File}}:{{.StartLine}}{{if .Commit}}, commit {{.Commit}}{{end}}\n{{end}}"
"""Of a finding; without what was found."""


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when all was read and nothing found."""
    parser = argparse.ArgumentParser(prog="python -m tools.secret_scan", description=__doc__, allow_abbrev=False)
    parser.add_argument("--tree", action="store_true", help="the files alone")
    parser.add_argument("--if-built", action="store_true", help="say so where it cannot be built, and be content")
    parser.add_argument("--since", default="", help="a commit: the history after it")
    options = parser.parse_args(arguments)
    try:
        gitleaks = ensure(GITLEAKS, ROOT).binary
    except SetupError as error:
        print(refusal("secret-scan", f"nothing was looked at, as there is no gitleaks ({error})"), file=sys.stderr)
        return 0 if options.if_built else 1
    try:
        found = [] if options.tree else _in_history(gitleaks, root, options.since)
        found += _in_tree(gitleaks, root)
    except subprocess.CalledProcessError as error:
        print(
            refusal("secret-scan", f"nothing is known, as it could not look: {error.stderr.strip() or error}"),
            file=sys.stderr,
        )
        return 1
    for line in found:
        print(f"secret-scan: {line}")
    where = "files" if options.tree else "files and history"
    print(f"secret-scan: {where}, {f'{len(found)} findings' if found else 'nothing found'}")
    return 1 if found else 0


def files(root: Path) -> Iterator[Path]:
    """What `git add --all` would take, as it lies there; not what is ignored, such as a kubeconfig."""
    listed = _run("git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    yield from (path for name in listed.split("\0") if name and (path := root / name).is_file())


def _in_tree(gitleaks: Path, root: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as place:
        for path in files(root):
            (copy := Path(place) / path.relative_to(root)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        return _found(gitleaks, "dir", Path(place))


def _in_history(gitleaks: Path, root: Path, since: str) -> list[str]:
    if since:
        # gitleaks takes a range that git does not know for an empty one.
        _run("git", "-C", str(root), "rev-parse", "--verify", f"{since}^{{commit}}")
    return _found(gitleaks, "git", root, *([f"--log-opts={since}..HEAD"] if since else []))


def _found(gitleaks: Path, command: str, place: Path, *options: str) -> list[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".tmpl") as template:
        template.write(_SHOWN)
        template.flush()
        report = ("--report-path=-", "--report-format=template", f"--report-template={template.name}")
        quiet = ("--no-banner", "--log-level=error", "--redact", "--exit-code=0")
        config = f"--config={ROOT / '.gitleaks.toml'}"
        return _run(str(gitleaks), command, ".", config, *quiet, *report, *options, cwd=place).splitlines()


def _run(*command: str, cwd: Path | None = None) -> str:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
