"""promtool, which comes with Prometheus and judges rules."""

from pathlib import Path

import pytest

from tests.real.availability import skip_without
from tools import real_programs, real_servers


@pytest.hookimpl(trylast=True)  # after `-m` has left tests out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the program the tests that need it are skipped."""
    skip_without(real_programs.SUITES["rules"], Path(__file__).parent, config, items, "promtool")


@pytest.fixture(scope="session")
def promtool() -> Path:
    """The program."""
    return real_servers.find(real_programs.PROMTOOL).binary
