"""The profiles of `make new` that differ most from the platform of the other tests, on the lab: nobody edits a line."""

from pathlib import Path

import pytest

from lab.providers.kubernetes.cluster import OBJECTS
from lab.providers.talos.nodes import NODES
from tests.engine.platform import driver, new_stack, statuses, world_of
from tests.support.profiles import profile_file

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(("profile", "nodes"), [("small", 1), ("ha", 9), ("existing", 0), ("local", 0)])
def test_a_new_stack_comes_up(profile: str, nodes: int, tmp_path: Path) -> None:
    stack = new_stack(tmp_path / profile, stack_file=profile_file(profile))
    up = driver(stack).up()
    assert up.ok, up.error
    assert set(statuses(up).values()) == {"ready"}, "every phase, as it was written"
    if profile == "local":  # the others are made of what every stack of these tests is made of
        again = driver(stack).preview()
        assert (again.ok, again.changed) == (True, 0), again.error
    with world_of(stack) as world:
        assert len(world.keys(NODES)) == nodes, "one machine carries all of it, or as many as the profile says"
        assert world.keys(OBJECTS), "there is a cluster on it"
