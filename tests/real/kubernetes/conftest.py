"""One real API server for each process that runs tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stack_file.load import load_stack_file
from tests.real.availability import skip_without
from tests.real.kubernetes.login import offered
from tests.real.kubernetes.manifests import STACKS, chart_directory, recorded
from tests.real.kubernetes.server import Binaries, serving
from tests.real.kubernetes.stage import Stage
from tests.support.charts import VARIABLE
from tests.support.objects import releases
from tests.support.program import STACK_FILE
from tests.support.recording import Recording
from tools import real_programs, real_servers

CHARTED = ("test-cluster", "every-key", "services-off")
"""Stack files whose charts are rendered, which takes seconds each."""


@pytest.hookimpl(trylast=True)  # after `-m` has left tests out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the programs the tests that need them are skipped."""
    skip_without(
        (real_programs.ETCD, real_programs.API_SERVER, real_programs.HELM),
        Path(__file__).parent,
        config,
        items,
        "binaries",
    )


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """etcd and the API server."""
    etcd, api_server = (real_servers.find(one).binary for one in (real_programs.ETCD, real_programs.API_SERVER))
    return Binaries(etcd, api_server)


@pytest.fixture(scope="session")
def with_login() -> Recording:
    """A program whose groups have rights in the Kubernetes API."""
    return recorded("applications")


@pytest.fixture(scope="session")
def stage(binaries: Binaries, with_login: Recording, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that knows the kinds of the platform."""
    directory = tmp_path_factory.mktemp("kubernetes")
    helm = real_servers.find(real_programs.HELM).binary
    services = str(load_stack_file(STACK_FILE).network.services)
    with (
        offered(with_login, directory) as login,
        serving(binaries, directory, services, login.flags, login.variables) as server,
    ):
        stage = Stage(server, helm, directory, login)
        stage.define()
        yield stage


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> Recording:
    """The program under a stack file, as an update."""
    return recorded(request.param)


@pytest.fixture(params=CHARTED)
def charted(request: pytest.FixtureRequest) -> Recording:
    """Likewise, where the templates of all its charts are at hand."""
    program = recorded(request.param)
    missing = sorted(
        str(one.get("chart")) for one in releases(program) if chart_directory(str(one.get("chart"))) is None
    )
    if missing:
        pytest.skip(f"no templates of charts such as {missing[0]}: unpack them and point {VARIABLE} at them")
    return program
