"""One real Vault for each process that runs tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.availability import skip_without
from tests.real.vault.site import Site, staged
from tests.support.recording import Recording
from tools import real_programs, real_servers


@pytest.hookimpl(trylast=True)  # after `-m` has left tests out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a server the tests that need it are skipped."""
    skip_without([real_programs.VAULT], Path(__file__).parent, config, items, "site")
    programs = [real_programs.VAULT, *real_programs.SUITES["backup"]]
    skip_without(programs, Path(__file__).parent, config, items, "backup_tools")


@pytest.fixture(scope="session")
def backup_tools() -> None:
    """For tests that run what a backup of Vault runs beside Vault's own client."""


@pytest.fixture(scope="session")
def site(update: Recording, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The stage, with everything that the program creates in Vault."""
    binary = real_servers.find(real_programs.VAULT).binary
    with staged(update, binary, tmp_path_factory.mktemp("vault")) as stage:
        yield stage
