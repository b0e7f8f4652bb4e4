"""Outcomes of whole operations, each brought about once in a test run and shared by all workers."""

from pathlib import Path

import pytest

from tests.engine.platform import Outcome, driver, once_in_a_run


@pytest.fixture(scope="session")
def engine_directory(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A directory of this test run; with xdist every worker has it in common."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if hasattr(request.config, "workerinput") else own) / "engine"


@pytest.fixture(scope="session")
def platform(engine_directory: Path) -> Outcome:
    """The first bring-up, with nothing in its way."""
    return once_in_a_run(engine_directory / "platform", lambda stack: driver(stack).up())
