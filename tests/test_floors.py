"""`make check` refuses an import that goes up (contracts in pyproject.toml)."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from register.services import SERVICES
from tests.support.program import ROOT, copy_program


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, whose files a test may spoil."""
    root = tmp_path_factory.mktemp("program")
    copy_program(root)
    return root


def linted(root: Path) -> subprocess.CompletedProcess[str]:
    """What `make check-imports` runs."""
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([linter, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)


def test_the_program_keeps_its_floors(copy: Path) -> None:
    found = linted(copy)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("file", "planted", "contract"),
    [
        ("lib/names.py", "from settings import types", "Floors"),
        ("settings/model.py", "from register import services", "Floors"),
        ("settings/model.py", "import typing\nif typing.TYPE_CHECKING:\n    from stack_file import model", "Floors"),
        ("components/gitea/values.py", "import pulumi_kubernetes", "knows no provider"),
        ("register/logins.py", "from components import script_job", "without a provider"),
        ("components/phase.py", "from stacks import contracts", "Components know no stack"),
        ("components/harbor/server.py", "from components.gitea import login", "no other service"),
        ("scripts/gate.py", "import yaml", "standard library"),
        ("components/script_job.py", "from lab import clock", "neither its lab nor its tools"),
    ],
)
def test_an_import_that_goes_up_is_refused(copy: Path, file: str, planted: str, contract: str) -> None:
    path = copy / file
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n{planted}\n", encoding="utf-8")
    try:
        found = linted(copy)
    finally:
        path.write_text(text, encoding="utf-8")
    broken = [line for line in found.stdout.splitlines() if " BROKEN" in line]
    assert found.returncode != 0, "make check ends with it"
    assert any(contract in line for line in broken), found.stdout


def test_every_service_is_under_the_contract_that_none_knows_another() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (modules,) = (one["modules"] for one in contracts if one["type"] == "independence")
    assert modules == [one.component.rpartition(".")[0] for one in SERVICES], "pyproject.toml lists the services"
