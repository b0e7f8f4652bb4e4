"""Edge servers of the loopback."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.edge.server import SYSTEM_FOLDERS, Server, staged

PROGRAMS = ("haproxy", "dnsdist", "socat")


@pytest.hookimpl(trylast=True)  # after `-m` has left tests out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the programs the tests are skipped, and the reason is read once."""
    folder = Path(__file__).parent
    needing = [item for item in items if folder in item.path.parents]
    path = os.pathsep.join([*os.get_exec_path(), *SYSTEM_FOLDERS])
    missing = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if needing and missing:
        reason = f"no {', '.join(missing)} for {len(needing)} tests: apt-get install {' '.join(PROGRAMS)}"
        needing[0].add_marker(pytest.mark.skip(reason=reason))
        config.hook.pytest_deselected(items=needing[1:])
        items[:] = [item for item in items if item not in needing[1:]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server on which nothing runs yet."""
    with staged(tmp_path) as made:
        yield made
