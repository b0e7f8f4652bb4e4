"""One real Vault for each process that runs tests."""

from collections.abc import Iterator

import pytest

from tests.real.vault.site import Site, staged
from tests.support.program import ROOT
from tests.support.recording import Recording
from tools import vault_server
from tools.files import UnavailableError


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a server one of the tests is skipped in the name of all, so that the reason is read once."""
    needing = [item for item in items if "site" in getattr(item, "fixturenames", ())]
    if not needing:
        return
    try:
        vault_server.find(ROOT)
    except UnavailableError as error:
        reason = f"no vault server for {len(needing)} tests: {error}"
        needing[0].add_marker(pytest.mark.skip(reason=reason))
        config.hook.pytest_deselected(items=needing[1:])
        items[:] = [item for item in items if item not in needing[1:]]


@pytest.fixture(scope="session")
def site(update: Recording, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The stage, with everything that the program creates in Vault."""
    with staged(update, vault_server.find(ROOT).binary, tmp_path_factory.mktemp("vault")) as stage:
        yield stage
