"""One bring-up of the program on a real control plane, which goes on from test to test of this directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.driver import Result
from tests.real.availability import skip_without
from tests.real.rig.rig import Running
from tools import real_programs


@pytest.hookimpl(trylast=True)  # after `-m` has left tests out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the programs the tests that need them are skipped."""
    skip_without(real_programs.SUITES["real"], Path(__file__).parent, config, items, "rig")


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The rig, on which nothing was done yet."""
    with Running.started(tmp_path_factory.mktemp("rig") / "stack") as running:
        yield running


@pytest.fixture(scope="session")
def up(rig: Running) -> Result:
    """The first update."""
    return rig.driver.up()


@pytest.fixture(scope="session")
def again(rig: Running, up: Result) -> tuple[Result, Result, Result]:
    """A preview, an update and a refresh of what nobody changed."""
    assert up.ok, up.error
    return rig.driver.preview(), rig.driver.up(), rig.driver.refresh()
