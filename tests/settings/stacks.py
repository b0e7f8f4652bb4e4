"""The stack files of tests/fixtures/stacks."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "stacks"
VALID = sorted((FIXTURES / "valid").glob("*.yaml"))
INVALID = sorted((FIXTURES / "invalid").glob("*.yaml"))
SHIPPED = ROOT / "Pulumi.test-cluster.yaml"

_MARK = "# Refused with:"


def expected_messages(path: Path) -> list[str]:
    """The lines of an invalid file's header that say how it is refused."""
    lines = path.read_text(encoding="utf-8").splitlines()
    after = lines[lines.index(_MARK) + 1 :]
    return [line.removeprefix("#   ") for line in after if line.startswith("#   ")]


def body(path: Path) -> list[str]:
    """The lines of a file without its comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def document(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def sections(path: Path) -> dict[str, Any]:
    """Sections of a stack file by key without the project's prefix."""
    return {key.removeprefix("home-cluster:"): value for key, value in document(path)["config"].items()}
