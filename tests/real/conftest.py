"""What lies here runs on real programs, in targets of its own and not in `make test`."""

from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)  # before `-m` leaves tests out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each of these tests has the marker `real`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real)
