"""Outcomes of whole operations, each brought about once in a test run and shared by all workers."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.helm import INSTALL_SECONDS
from lab.checkout import Stack, passphrase
from lab.clock import Clock
from lab.driver import Result
from lab.faults import Effect
from lab.providers.kubernetes.cluster import Cluster
from lab.site import Site
from lab.success import Evidence
from lab.world import World
from register.secrets import declare
from stack_file.load import load_stack_file
from tests.engine.platform import Outcome, driver, faults_of, once_in_a_run, phases_of, world_of
from tests.engine.scene import Scene
from tools.rotate import rotate


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


LOGIN = "vault:jwt/authBackend:AuthBackend"
HARDSHIPS: Mapping[str, tuple[str, str, Effect, str] | None] = {
    "without_api": ("Command", "kubernetes-api", "refuse", "the API did not answer in 15 minutes"),
    "sealed": ("Vault", "vault", "never-ready", "nobody unseals it"),
    "without_authentik": ("Job", "authentik-api", "fail", "the API is not answering (connection refused)"),
    "without_login": (LOGIN, "vault-oidc-login", "refuse", "error checking oidc discovery URL"),
    "without_harbor": ("Job", "harbor-login", "fail", "no login after 14 minutes"),
    "recovered": None,
}
"""One bring-up that fails five times, each time at what comes next, and goes on when that is put right."""


def _after(hardship: str) -> Any:
    """The fixture with the outcome of the update under a hardship, which went on from where the one before ended."""

    @pytest.fixture(scope="session", name=hardship)
    def outcome(engine_directory: Path, request: pytest.FixtureRequest) -> Outcome:
        earlier = list(HARDSHIPS)[: list(HARDSHIPS).index(hardship)]
        before: Outcome | None = request.getfixturevalue(earlier[-1]) if earlier else None

        def bring_about(stack: Stack) -> Result:
            with world_of(stack) as world:
                faults_of(world).clear()
                if fault := HARDSHIPS[hardship]:
                    faults_of(world).stage(*fault)
            return driver(stack).up()

        return once_in_a_run(engine_directory / hardship, bring_about, after=before)

    return outcome


without_api, sealed, without_authentik, without_login, without_harbor, recovered = map(_after, HARDSHIPS)


@pytest.fixture(scope="session")
def everything(engine_directory: Path, platform: Outcome) -> Outcome:
    """The update of that platform after `make rotate` of each secret that can be."""

    def bring_about(stack: Stack) -> Result:
        for one in declare(load_stack_file(stack.file)):
            if not one.permanent:
                rotate(stack.file, one.path)
        return driver(stack).up()

    return once_in_a_run(engine_directory / "everything", bring_about, after=platform)


@pytest.fixture
def scene(platform: Outcome, tmp_path: Path) -> Iterator[Scene]:
    """A copy of the world and the state that the first bring-up left."""
    shutil.copytree(platform.stack.world, tmp_path / "world")
    state = (platform.stack.state() or {})["deployment"]
    with World(tmp_path / "world", passphrase(platform.stack)) as world:
        cluster = Cluster(Site(world, Clock(world)))
        settings, again = load_stack_file(platform.stack.file), Result(True, {"same": 3})
        yield Scene(Evidence(settings, cluster, state, phases_of(platform.result), platform.result, again, 60))
