"""What a phase waits for, where that depends on the stack file; tests/engine/test_status.py has the rest."""

from typing import Any

import pytest

from lib.names import PHASES
from register.phases import built_on
from stack_file.load import load_stack_file
from tests.support.program import STACK_FILE
from tools.status.rows import PHASE, rows

SETTINGS = load_stack_file(STACK_FILE)


def entry(kind: str, name: str, parent: str = "", **more: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:home::home-cluster::{kind}::{name}", "type": kind, "parent": parent, **more}


@pytest.mark.parametrize(
    ("solver", "certificates", "says"),
    [
        (
            "rfc2136",
            True,
            {"certificates": "dependency dns is not ready", "phase2-identity": "dependency certificates"},
        ),
        ("cloudflare", True, {"certificates": "not reached yet", "phase2-identity": "not reached yet"}),
        (None, False, {"phase2-identity": "not reached yet"}),
    ],
)
def test_who_is_proven_in_the_own_zones_waits_for_them(
    solver: str | None, certificates: bool, says: dict[str, str]
) -> None:
    """The nameservers failed; what is certified elsewhere, or by the own CA, has nothing to do with it."""
    phases = {one: entry(PHASE, one) for one in PHASES if certificates or one != "certificates"}
    ready = ("cluster", "phase1-infrastructure", "dns")
    barriers = [entry("pulumi:index:Stash", f"{one}-gates", phases[one]["urn"]) for one in ready]
    broken = entry("kubernetes:batch/v1:Job", "dns-zones", phases["dns"]["urn"], initErrors=["no answer"])
    state = {"deployment": {"resources": [*phases.values(), *barriers, broken]}}
    chosen = SETTINGS.certificates.model_copy(update={"solver": solver})
    table = built_on(SETTINGS.model_copy(update={"certificates": chosen}))
    found = {row.name: row for row in rows(state, None, (), failed=False, built_on=table)}
    assert list(found) == list(phases), "in the order in which phases are shown"
    assert found["dns"].message == "dns-zones: no answer"
    assert {name: found[name].message[: len(said)] for name, said in says.items()} == says
