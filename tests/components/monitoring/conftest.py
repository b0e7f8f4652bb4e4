"""The platform as one that is watched."""

import pytest

from tests.stack_file.stacks import FIXTURES
from tests.support.program import record_program
from tests.support.recording import Recording


@pytest.fixture(scope="session")
def monitored() -> Recording:
    return record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")
