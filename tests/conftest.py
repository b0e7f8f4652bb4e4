"""Fixtures that every test may ask for."""

import gc

import hypothesis
import pytest

from tests.support.engine import Recording
from tests.support.program import record_program

# A recorded program is many objects that stay: looking through them for garbage takes a fifth of the time otherwise.
gc.set_threshold(100_000, 50, 100)

# The same examples in every run, no limit of time for one, and nothing written into the checkout.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that ask the whole program come first: of two workers one gets them all, and records nothing twice.

    What brings something up keeps its order.
    """
    items.sort(key=lambda item: not _asks_the_program(item))


def _asks_the_program(item: pytest.Item) -> bool:
    if any(item.get_closest_marker(name) for name in ("engine", "real")):
        return False
    module = vars(getattr(item, "module", item))
    fixtures = getattr(item, "fixturenames", ())
    return not {"record_program", "changed"}.isdisjoint(module) or not {"program", "update", "preview"}.isdisjoint(
        fixtures
    )


@pytest.fixture(scope="session", params=[False, True], ids=["update", "preview"])
def program(request: pytest.FixtureRequest) -> Recording:
    """The whole program under Pulumi.test-cluster.yaml, once as an update and once as the first preview."""
    return record_program(preview=request.param)


@pytest.fixture(scope="session")
def update() -> Recording:
    """The whole program as an update: every output known."""
    return record_program(preview=False)


@pytest.fixture(scope="session")
def preview() -> Recording:
    """The whole program as the preview of a cluster that does not exist yet."""
    return record_program(preview=True)
