"""`make audit`: what is known to be vulnerable of the pinned Python packages and of the Go programs that are here.

pip-audit asks OSV about each lock file, govulncheck the database of Go about each program. Both need the internet: what
was not asked is said, and is no success. Exit code 0: all was asked and nothing is known; 1: something is; 2: not
everything was asked. Images are not looked into: Harbor's Trivy does that to those that pass through it.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from tools.files import SetupError, UnavailableError
from tools.real_programs import ACTIONLINT, GITLEAKS, GOVULNCHECK, SUITES
from tools.real_servers import ensure, find
from tools.refusal import refusal
from tools.waiting import interruptible, ticking

ROOT = Path(__file__).resolve().parent.parent
IGNORED: Mapping[str, str] = {}
"""By its ID, why a vulnerability that is known here harms nobody."""
ENVIRONMENT = ("run", "--no-project", "--isolated", "--quiet", "--with-requirements", "requirements-audit.txt")
"""Arguments of uv that run what follows in the environment of requirements-audit.txt."""
_SECONDS = 900


class NotAskedError(Exception):
    """Something could not be asked. The message says what and why."""


def _said(command: Sequence[str], root: Path, codes: Sequence[int]) -> str:
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if run.returncode not in codes or not run.stdout:
        raise NotAskedError((run.stderr.strip().splitlines() or ["no output"])[-1])
    return run.stdout


def of_python(requirements: str, options: Sequence[str] = (), root: Path = ROOT) -> Iterator[str]:
    """What is known about the packages of a lock file that are for this machine; raises NotAskedError."""
    # By default pip-audit asks the index, where a mirror that does not know the question is taken for "nothing known".
    asking = ("pip-audit", "--vulnerability-service=osv", "--disable-pip", "--require-hashes", "--format=json")
    quiet = ("--progress-spinner=off", "--desc=off", f"--requirement={requirements}", *options)
    told = json.loads(_said((str(root / ".venv/bin/uv"), *ENVIRONMENT, *asking, *quiet), root, codes=(0, 1)))
    skipped = [one for one in told["dependencies"] if "skip_reason" in one]
    if skipped or not told["dependencies"]:
        raise NotAskedError(skipped[0]["skip_reason"] if skipped else "it names no package")
    for package in told["dependencies"]:
        for one in package["vulns"]:
            if not {one["id"], *one["aliases"]} & IGNORED.keys():
                fixed = f", fixed in {', '.join(one['fix_versions'])}" if one["fix_versions"] else ""
                yield f"{requirements}: {package['name']} {package['version']}: {one['id']}{fixed}"


def of_go(program: Path, govulncheck: Path, options: Sequence[str] = ()) -> Iterator[str]:
    """What is known about the modules that a program was built from; raises NotAskedError."""
    text = _said((str(govulncheck), "-mode=binary", "-format=json", *options, str(program)), ROOT, codes=(0,))
    seen = set(IGNORED)
    for message in _messages(text):
        finding = message.get("finding", {})
        if finding and finding["osv"] not in seen:
            seen.add(finding["osv"])
            fixed = f", fixed in {finding['fixed_version']}" if finding.get("fixed_version") else ""
            at = finding["trace"][0]
            yield f"{program.name}: {at['module']} {at.get('version', '')}: {finding['osv']}{fixed}"


def _messages(text: str) -> Iterator[Mapping[str, Any]]:
    """Objects of JSON one after another."""
    decoder, at = json.JSONDecoder(), 0
    while text := text[at:].lstrip():
        message, at = decoder.raw_decode(text)
        yield message


def programs(root: Path = ROOT) -> Iterator[Path]:
    """Those that are here: the CLI of every operation, and those of checks and tests."""
    if (root / ".tools" / "pulumi").exists():
        yield (root / ".tools" / "pulumi").resolve()
    for program in dict.fromkeys((ACTIONLINT, GITLEAKS, *chain.from_iterable(SUITES.values()))):
        try:
            yield find(program, root).binary
        except UnavailableError:
            continue


def main(root: Path = ROOT) -> int:
    """Exit code as the module says."""
    known, unasked = list[str](), list[str]()
    locked = sorted(path.name for path in root.glob("requirements*.txt"))
    for name in locked:
        with ticking(f"audit: asking about {name}"):
            try:
                known += of_python(name, root=root)
            except (NotAskedError, OSError, subprocess.TimeoutExpired) as error:
                unasked.append(f"{name}: {error}")
    built = list(programs(root))
    try:
        govulncheck = ensure(GOVULNCHECK, root).binary
        for program in built:
            with ticking(f"audit: asking about {program.name}"):
                known += of_go(program, govulncheck)
    except (NotAskedError, SetupError, subprocess.TimeoutExpired) as error:
        unasked.append(f"Go programs: {error}")
    for line in known:
        print(f"audit: {line}")
    print(f"audit: {len(locked)} lock files, {len(built)} Go programs, {len(known)} vulnerabilities known")
    if unasked:
        print(refusal("audit", "\n".join(f"not asked: {line}" for line in unasked)), file=sys.stderr)
    return 2 if unasked else 1 if known else 0


if __name__ == "__main__":
    with interruptible("interrupted"):
        sys.exit(main())
