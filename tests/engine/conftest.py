"""Outcomes of whole operations, each brought about once in a test run and shared by all workers."""

from pathlib import Path

import pytest

from components.helm import INSTALL_SECONDS
from lab.checkout import Stack
from lab.driver import Result
from tests.engine.platform import Outcome, driver, faults_of, once_in_a_run, world_of


@pytest.fixture(scope="session")
def engine_directory(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A directory of this test run; with xdist every worker has it in common."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if hasattr(request.config, "workerinput") else own) / "engine"


@pytest.fixture(scope="session")
def platform(engine_directory: Path) -> Outcome:
    """The first bring-up, with nothing in its way but a slow line."""

    def bring_about(stack: Stack) -> Result:
        with world_of(stack) as world:
            faults_of(world).delay("Release", INSTALL_SECONDS)
        return driver(stack).up()

    return once_in_a_run(engine_directory / "platform", bring_about)


@pytest.fixture(scope="session")
def without_api(engine_directory: Path) -> Outcome:
    """The first bring-up, with a Kubernetes API that never answers: the provider of nearly everything is skipped."""

    def bring_about(stack: Stack) -> Result:
        with world_of(stack) as world:
            faults_of(world).stage("Command", "kubernetes-api", "refuse", "the API did not answer in 15 minutes")
        return driver(stack).up()

    return once_in_a_run(engine_directory / "without-api", bring_about)
