"""What `identity` declares comes whole and leaves whole: applications of both kinds, and tokens of service accounts."""

import re

from tests.components.authentik.blueprints.documents import load, the
from tests.components.authentik.declared import declared, fewer
from tests.support.engine import Recording
from tests.support.variants import RESTARTED, difference

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
NAMED = re.compile("grafana|notes|tool|monitoring|wiki|printer|forward-auth|^tokens?-")
REMOVED = re.compile("grafana|printer|^tokens?-list")


def _blueprint(name: str) -> set[str]:
    return {f"{name}-{part}" for part in ("file", "visible", "row", "apply", "apply-again")}


def test_nothing_but_what_was_declared_is_new(update: Recording) -> None:
    added = difference(update, declared())
    assert not added.removed, "an addition removes nothing"
    assert [name for _, name in added.added if not NAMED.search(name)] == [], "everything new is named after it"
    people = _blueprint("blueprint-users")  # for the service account
    assert {name for _, name in added.changed} == RESTARTED | people | {"external-secrets-store"}, (
        "the worker mounts more, one more namespace may read; nothing else is touched"
    )
    assert not [one for one in update.resources if NAMED.search(one.name)], "and without a declaration nothing is there"


def test_what_is_removed_takes_all_its_parts_and_nothing_else() -> None:
    before = declared()
    gone = difference(before, fewer())
    assert set(gone.removed) == {(one.type, one.name) for one in before.resources if REMOVED.search(one.name)}, (
        "all that is named after it; a namespace stays with the other application"
    )
    assert not gone.added, "and nothing comes instead"
    others = _blueprint("blueprint-users") | _blueprint("forward-auth-outpost") | RESTARTED
    assert {name for _, name in gone.changed} == others, "nothing else is touched"
    text = gone.changed[CONFIG_MAP, "blueprint-users-file"].get("data", "users.yaml")
    absent = [entry["identifiers"] for entry in load(text)["entries"] if entry.get("state") == "absent"]
    for found_by in ({"slug": "grafana"}, {"slug": "printer"}, {"identifier": "home-cluster-list"}):
        assert found_by in absent, "Authentik keeps what no blueprint takes away"
    outpost = load(gone.changed[CONFIG_MAP, "forward-auth-outpost-file"].get("data", "outpost.yaml"))
    providers = the(outpost, "authentik_outposts.outpost")["fields"]["providers"]
    assert [tag.value[1][1] for tag in providers] == ["wiki"], "and the outpost answers for the other one alone"
