"""A secret is found wherever it could be published from, and what was found is not shown."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.program import ROOT
from tools import secret_scan
from tools.files import UnavailableError
from tools.real_programs import GITLEAKS
from tools.real_servers import find

# In two parts, so that this file is none of its findings.
TOKEN = "tskey-" + "auth-kFGiAS2CNTRL-2dNJFVTWnQ1xZpL8hRbYcE7mKs"
PASSWORD = "api_key = 'q7Vb2xKd9" + "LmZ4tRw8YpS3nHcJ6fG'"

_READ = {".py", ".md", ".yaml"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    try:
        find(GITLEAKS)
    except UnavailableError as missing:
        pytest.skip(str(missing))
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / ".gitignore").write_text("/build/\n")
    return tmp_path


def git(place: Path, *words: str) -> None:
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    subprocess.run((*("git", "-C", str(place)), *identity, *words), check=True, capture_output=True)


def commit(place: Path, text: str) -> None:
    (place / "notes.txt").write_text(text)
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message=notes")


def test_a_planted_secret_is_found_before_it_is_committed_and_after(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "build").mkdir()
    (checkout / "build" / "kubeconfig").write_text(PASSWORD)
    assert secret_scan.main(["--tree"], checkout) == 0, "what is ignored is kept on purpose"
    (checkout / "notes.txt").write_text(f"{PASSWORD}\n")
    assert secret_scan.main(["--tree"], checkout) == 1, "about to be committed"
    commit(checkout, f"{PASSWORD}\n")
    commit(checkout, "taken out\n")
    commit(checkout, "more\n")
    assert secret_scan.main([], checkout) == 1, "it is out of the files, and still in the history"
    assert secret_scan.main(["--since=HEAD~1"], checkout) == 0, "not in this part of it"
    told = capsys.readouterr().out
    assert "generic-api-key in notes.txt:1" in told
    assert PASSWORD[11:-1] not in told


def test_a_history_that_is_not_there_is_not_taken_for_a_clean_one(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(checkout, "nothing\n")
    assert secret_scan.main(["--since=nowhere"], checkout) == 1
    assert "nothing is known, as it could not look" in capsys.readouterr().err


def test_every_exception_is_for_something_that_is_there() -> None:
    """One that outlives what it was for could hide the next secret."""
    rules = tomllib.loads((ROOT / ".gitleaks.toml").read_text(encoding="utf-8"))["allowlists"]
    kept = [pattern for one in rules if not one["description"].endswith("is no more") for pattern in one["regexes"]]
    named = [alternative for pattern in kept for alternative in pattern.split("|")]
    texts = "".join(path.read_text(encoding="utf-8") for path in secret_scan.files(ROOT) if path.suffix in _READ)
    assert [one for one in named if not re.search(one, texts)] == []
