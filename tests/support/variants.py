"""A stack file (the shipped one unless told) with a change, as the whole program under it, and what it changes."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.engine import Recorded, Recording
from tests.support.program import STACK_FILE, record_program

RESTARTED = {"authentik-release", "authentik-api"}
"""What changes whenever Authentik's worker mounts another file: the release, and the gate that sees the new pods."""


@cache
def changed(old: str, new: str, stack_file: Path = STACK_FILE) -> Recording:
    """The program as an update under the stack file with `new` in place of `old`, which stands there once."""
    text = stack_file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands once in {stack_file.name}"
    with tempfile.TemporaryDirectory() as directory:
        other = Path(directory) / stack_file.name
        other.write_text(text.replace(old, new), encoding="utf-8")
        return record_program(preview=False, stack_file=other)


def in_own_zones() -> Recording:
    """The program under the shipped stack file, whose hosts Let's Encrypt signs for by the cluster's own zones."""
    section = "  home-cluster:vault:\n"
    own = "  home-cluster:certificates: { issuer: acme-staging, email: admin@example.com, solver: rfc2136 }\n"
    return changed(section, own + section)


@dataclass(frozen=True)
class Difference:
    """What is in the one run only, in the other only, and in both with other inputs; by type and name."""

    removed: dict[tuple[str, str], Recorded]
    added: dict[tuple[str, str], Recorded]
    changed: dict[tuple[str, str], Recorded]


def difference(before: Recording, after: Recording) -> Difference:
    """What an update from the one run to the other would do, told by the inputs of the resources."""
    old = {(one.type, one.name): one for one in before.resources}
    new = {(one.type, one.name): one for one in after.resources}
    return Difference(
        removed={key: one for key, one in old.items() if key not in new},
        added={key: one for key, one in new.items() if key not in old},
        changed={key: one for key, one in new.items() if key in old and old[key].inputs != one.inputs},
    )
