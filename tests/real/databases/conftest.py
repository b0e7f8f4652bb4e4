"""One archived Postgres for each process that runs tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.databases.story import Story, told
from tools.backups.store import BackupError
from tools.databases import barman, postgres, site
from tools.real_programs import RCLONE, VERSITYGW


@pytest.hookimpl(trylast=True)  # after `-m` has left tests out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the programs the tests are skipped, and the reason is read once."""
    folder = Path(__file__).parent
    needing = [item for item in items if folder in item.path.parents]
    if not needing:
        return
    try:
        postgres.programs()
        barman.find()
        for program in (VERSITYGW, RCLONE):
            site.program(program)
    except BackupError as error:
        needing[0].add_marker(pytest.mark.skip(reason=f"{error} ({len(needing)} tests)"))
        config.hook.pytest_deselected(items=needing[1:])
        items[:] = [item for item in items if item not in needing[1:]]


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A server that was archived, in a bucket under object lock, and is lost."""
    with told(tmp_path_factory.mktemp("databases")) as made:
        yield made
