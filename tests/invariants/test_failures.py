"""After a failure the program goes on: one resource that was not made must not end what does not need it."""

import pytest

from tests.settings.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.program import record_program


def _identities(recording: Recording) -> set[str]:
    return {one.urn for one in recording.resources}


def test_a_program_whose_every_resource_is_skipped_declares_all_of_them(update: Recording) -> None:
    skipped = record_program(preview=False, skipping=True)
    missing = _identities(update) - _identities(skipped)
    assert missing == set(), (
        "`up` goes on after a failure: an exception in a function over an output that is not there would end the whole "
        "program instead (components/outputs.py)"
    )


@pytest.mark.parametrize("name", ["existing-cluster", "every-key"])
def test_so_does_one_with_other_parts(name: str) -> None:
    stack_file = FIXTURES / "valid" / f"{name}.yaml"
    skipped = record_program(preview=False, skipping=True, stack_file=stack_file)
    missing = _identities(record_program(preview=False, stack_file=stack_file)) - _identities(skipped)
    assert missing == set(), "whatever the stack file asks for"
