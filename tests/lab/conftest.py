"""Fixtures of the lab's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """An empty site."""
    made = Bench(tmp_path / "world")
    yield made
    made.close()


@pytest.fixture
def kube(bench: Bench) -> Bench:
    """A site with a Kubernetes cluster and the privileged namespace `shop`."""
    bench.with_kubernetes()
    bench.namespace("shop")
    return bench
