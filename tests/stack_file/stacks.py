"""The stack files of tests/fixtures/stacks."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "stacks"
VALID = sorted((FIXTURES / "valid").glob("*.yaml"))
SHIPPED = ROOT / "Pulumi.test-cluster.yaml"
RECORD = "urn:pulumi:home::home-cluster::home-cluster:applied_settings:AppliedSettings::applied-settings"
"""Parent of what was applied, in a state."""


def document(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def sections(path: Path) -> dict[str, Any]:
    """Sections of a stack file by key without the project's prefix."""
    return {key.removeprefix("home-cluster:"): value for key, value in document(path)["config"].items()}
