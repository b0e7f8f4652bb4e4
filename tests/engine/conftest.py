"""Outcomes of whole operations, each brought about once in a test run and shared by all workers."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.helm import INSTALL_SECONDS
from lab.checkout import Stack, passphrase
from lab.clock import Clock
from lab.driver import Result
from lab.providers.kubernetes.cluster import Cluster
from lab.site import Site
from lab.success import Evidence
from lab.world import World
from stack_file.load import load_stack_file
from tests.engine.platform import Outcome, driver, faults_of, once_in_a_run, phases_of, world_of
from tests.engine.scene import Scene


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


@pytest.fixture
def scene(platform: Outcome, tmp_path: Path) -> Iterator[Scene]:
    """A copy of the world and the state that the first bring-up left."""
    shutil.copytree(platform.stack.world, tmp_path / "world")
    state = (platform.stack.state() or {})["deployment"]
    with World(tmp_path / "world", passphrase(platform.stack)) as world:
        cluster = Cluster(Site(world, Clock(world)))
        settings, again = load_stack_file(platform.stack.file), Result(True, {"same": 3})
        yield Scene(Evidence(settings, cluster, state, phases_of(platform.result), platform.result, again, 60))
