"""What a phase waits for, where that depends on the stack file; tests/engine/test_status.py has the rest."""

from typing import Any

import pytest

from lib.names import PHASES
from register.phases import built_on
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.program import STACK_FILE
from tools.status.rows import PHASE, STAGE, rows

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


JOB, RELEASE, STASH = "kubernetes:batch/v1:Job", "kubernetes:helm.sh/v3:Release", "pulumi:index:Stash"
FAILED = "the last update failed in it"


@pytest.mark.parametrize(
    ("broken", "passed", "failed", "says"),
    [
        ("", "database cache web", False, {"chain-shop": "2 resources", "database": "1 resources"}),
        (
            "database",
            "",
            True,
            {"chain-shop": "database: gate: no volume", "cache": "dependency shop/database is not ready"},
        ),
        (
            "phase2-identity",
            "database cache",
            True,
            {"cache": "1 resources", "web": "dependency phase2-identity is not ready"},
        ),
        (
            "",
            "database",
            True,
            {"chain-shop": f"cache: {FAILED}", "cache": FAILED, "web": "dependency shop/cache is not ready"},
        ),
        ("", "database", False, {"cache": "not reached yet", "web": "not reached yet"}),
    ],
    ids=["all", "the first stage", "a phase", "without a trace", "not reached"],
)
def test_a_chain_is_ready_when_all_its_stages_are(broken: str, passed: str, failed: bool, says: dict[str, str]) -> None:
    """`passed` are the stages behind which everything was let through."""
    table = built_on(load_stack_file(FIXTURES / "valid" / "chains.yaml"))
    phases = {one: entry(PHASE, one) for one in ("cluster", "phase2-identity", "phase4-services", "chain-shop")}
    barriers = [entry(STASH, f"{one}-gates", phases[one]["urn"]) for one in phases if one != "cluster"]
    home = phases["chain-shop"]["urn"]
    stages = {one: entry(STAGE, f"chain-shop-{one}", home) for one in ("database", "cache", "web")}
    reached = [one for one, before in (("database", ""), ("cache", "database"), ("web", "cache")) if before in passed]
    if broken == "phase2-identity":
        reached.remove("web")
    barriers += [entry(STASH, f"chain-shop-{one}-gates", stages[one]["urn"]) for one in reached]
    barriers += [entry(STASH, f"chain-shop-{one}-ready", stages[one]["urn"]) for one in passed.split()]
    made = [entry(RELEASE, one, stages[one]["urn"]) for one in ("database", "cache") if one in reached]
    owner = (phases | stages).get(broken)
    wrong = [entry(JOB, "gate", owner["urn"], initErrors=["no volume"])] if owner else []
    state = {"deployment": {"resources": [*phases.values(), *stages.values(), *barriers, *made, *wrong]}}
    found = {row.name: row for row in rows(state, None, (), failed=failed, built_on=table)}
    assert {name: found[name].message[: len(said)] for name, said in says.items()} == says
    assert found["web"].part_of == "chain-shop", "a stage stands below its chain"
    assert (found["chain-shop"].ready is True) == all(found[one].ready for one in stages), "and no part is hidden"
