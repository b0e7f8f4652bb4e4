"""One real PowerDNS, with a real ACME server, for each process that runs tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.availability import skip_without
from tests.real.dns.site import Site, programs, staged
from tools import real_programs


@pytest.hookimpl(trylast=True)  # after `-m` has left tests out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the servers the tests that need them are skipped."""
    skip_without(real_programs.SUITES["dns"], Path(__file__).parent, config, items, "site")


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The servers, with a zone."""
    try:
        installed = programs()
    except LookupError as error:
        pytest.skip(str(error))
    with staged(installed) as made:
        made.declare("home.example.com")
        yield made
