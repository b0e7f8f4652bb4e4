"""What a directory of tests does where the servers it needs are not there."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tools import real_servers
from tools.files import UnavailableError
from tools.real_programs import Program


def skip_without(
    programs: Sequence[Program], directory: Path, config: pytest.Config, items: list[pytest.Item], fixture: str
) -> None:
    """Without one of `programs`, one test below `directory` that uses `fixture` is skipped in the name of all.

    So the reason is read once.
    """
    needing = [
        item for item in items if directory in item.path.parents and fixture in getattr(item, "fixturenames", ())
    ]
    if not needing:
        return
    for program in programs:
        try:
            real_servers.find(program)
        except UnavailableError as error:
            reason = f"no {program.name} for {len(needing)} tests: {error}"
            needing[0].add_marker(pytest.mark.skip(reason=reason))
            config.hook.pytest_deselected(items=needing[1:])
            items[:] = [item for item in items if item not in needing[1:]]
            return
