"""The profiles of `make new` that differ most from the platform of the other tests, on the lab: nobody edits a line.

But to `ha` zones of its own and certificates of Let's Encrypt are added, which no profile has.
"""

from pathlib import Path
from typing import Any

import pytest

from lab.providers.kubernetes.cluster import OBJECTS
from lab.providers.talos.nodes import NODES
from tests.engine.platform import driver, edit, new_stack, statuses, world_of
from tests.support.profiles import profile_file

pytestmark = pytest.mark.engine


def _answers_for_itself(sections: dict[str, Any]) -> None:
    """Adds what no profile has: zones of its own, and certificates that are proven in them."""
    sections["network"]["loadBalancers"]["dns"] = "192.168.1.204"
    sections["dns"] = {"nameservers": {"ns1.home.example.com": {}}, "zones": {"home.example.com": {}}}
    sections["certificates"] = {"issuer": "acme-staging", "email": "jane@example.com", "solver": "rfc2136"}


@pytest.mark.parametrize(("profile", "nodes"), [("small", 1), ("ha", 9), ("existing", 0), ("local", 0)])
def test_a_new_stack_comes_up(profile: str, nodes: int, tmp_path: Path) -> None:
    stack = new_stack(tmp_path / profile, stack_file=profile_file(profile))
    if profile == "ha":
        edit(stack, _answers_for_itself)
    up = driver(stack).up()
    assert up.ok, up.error
    assert set(statuses(up).values()) == {"ready"}, "every phase, as it was written"
    assert {"certificates", "dns"} <= set(statuses(up)) or profile != "ha", "an account at Let's Encrypt, and zones"
    if profile == "local":  # the others are made of what every stack of these tests is made of
        again = driver(stack).preview()
        assert (again.ok, again.changed) == (True, 0), again.error
    with world_of(stack) as world:
        assert len(world.keys(NODES)) == nodes, "one machine carries all of it, or as many as the profile says"
        assert world.keys(OBJECTS), "there is a cluster on it"
