"""One real Vault for each process that runs tests."""

from collections.abc import Iterator

import pytest

from tests.real.vault.site import Site, staged
from tests.support.program import ROOT
from tests.support.recording import Recording
from tools import vault_server
from tools.files import UnavailableError


@pytest.fixture(scope="session")
def site(update: Recording, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The stage, or the reason why there is none."""
    try:
        found = vault_server.find(ROOT)
    except UnavailableError as error:
        pytest.skip(f"no vault server: {error}")
    with staged(update, found.binary, tmp_path_factory.mktemp("vault")) as stage:
        yield stage
