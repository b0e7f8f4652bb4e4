"""After a failure the program goes on: one resource that was not made must not end what does not need it."""

import functools
import itertools
from collections.abc import Callable

import pytest

from components import failures
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.program import record_program


@pytest.fixture
def skipped(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recording]:
    """Records the program against an engine that skips every resource, of which it is to hear."""
    monkeypatch.setattr(failures, "_Isolation", lambda monitor: None)
    return lambda **more: record_program(preview=False, skipping=True, **more)


def _identities(recording: Recording) -> set[str]:
    return {one.urn for one in recording.resources}


def test_a_program_whose_every_resource_is_skipped_declares_all_of_them(
    update: Recording, skipped: Callable[..., Recording]
) -> None:
    missing = _identities(update) - _identities(skipped())
    assert missing == set(), (
        "`up` goes on after a failure: an exception in a function over an output that is not there would end the whole "
        "program instead"
    )


@pytest.mark.parametrize("name", ["existing-cluster", "every-key", "chains"])
def test_so_does_one_with_other_parts(name: str, skipped: Callable[..., Recording]) -> None:
    stack_file = FIXTURES / "valid" / f"{name}.yaml"
    missing = _identities(record_program(preview=False, stack_file=stack_file)) - _identities(
        skipped(stack_file=stack_file)
    )
    assert missing == set(), "whatever the stack file asks for"


# A visit takes the engine about a microsecond, and there is one walk for each failed resource.
_VISITS = 1_000_000


def _visits(recording: Recording) -> int:
    """At most so many visits takes the engine's walk through what a resource depends on, whichever failed.

    The walk (markAsDependency in pkg/resource/graph/dependency_graph.go, pulumi 3.250) goes to the provider, to the
    dependencies and, for each input, to what it comes from, however often it has been there. To a parent it goes once.
    """

    @functools.cache
    def downwards(urn: str) -> int:
        one = recording.by_urn[urn]
        needed = [*one.dependencies, *itertools.chain.from_iterable(one.property_dependencies.values())]
        return 1 + sum(map(downwards, filter(None, [one.provider, *needed])))

    parents = {one.parent for one in recording.resources if one.parent}
    return max(downwards(one.urn) for one in recording.resources) + sum(map(downwards, parents))


@pytest.mark.parametrize("name", ["every-key", "applications", "existing-cluster", "chains"])
def test_the_engine_finds_quickly_what_a_failed_resource_depends_on(name: str) -> None:
    """Before it deletes anything after a failure. With every gate among the dependencies of every member of a phase it
    were 10^22 visits: `make up` hung at full CPU."""
    recording = record_program(preview=False, stack_file=FIXTURES / "valid" / f"{name}.yaml")
    assert len(recording.resources) < _visits(recording) < _VISITS, (
        "put a barrier (components/barrier.py) where paths meet"
    )
