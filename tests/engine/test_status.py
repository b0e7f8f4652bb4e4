"""`make status` of platforms that came up and of some that did not, from their state and their API server."""

from datetime import UTC, datetime
from typing import Any

import pytest

from doubles.kubernetes_api import KubernetesApi
from lab.providers.catalogue import open_site
from lab.providers.kubernetes.api_server import State
from lab.providers.kubernetes.cluster import Cluster
from lib.secret_state import resources
from register.phases import built_on
from stack_file.load import load_stack_file
from tests.engine.platform import STACK_FILE, Api, Outcome, world_of
from tools.status.__main__ import code, document, lines
from tools.status.objects import problems, wanted
from tools.status.rows import Row, rows

pytestmark = pytest.mark.engine
SERVICES = ("gitea", "harbor", "matrix")
TABLE = built_on(load_stack_file(STACK_FILE))


def status(outcome: Outcome, *, live: bool = True, gone: str = "") -> dict[str, Row]:
    """The rows by name; `gone` is an object that somebody deletes before."""
    state = outcome.stack.state() or {}
    with world_of(outcome.stack) as world:
        cluster = Cluster(open_site(world, grace=0, pace=0))

        class Without(State):
            def objects(self, target: Any) -> Any:
                return (one for one in super().objects(target) if one["metadata"]["name"] != gone)

        server = Api(KubernetesApi(Without(cluster)))
        found = problems(server, wanted(resources(state))) if live else None
    return {row.name: row for row in rows(state, found, SERVICES, not outcome.result.ok, TABLE)}


def ready(found: dict[str, Row]) -> dict[str, bool | None]:
    return {name: row.ready for name, row in found.items()}


def test_a_platform_that_came_up_is_ready_and_says_since_when(platform: Outcome) -> None:
    found = status(platform)
    assert ready(found) == dict.fromkeys([*found], True)
    phases = [name for name, row in found.items() if not row.part_of]
    assert phases == [name for name in TABLE if name in found], "in order"
    told = list(lines(list(found.values()), datetime.now(UTC)))
    assert told[0].split() == ["NAME", "READY", "AGE", "MESSAGE"], "as flux get has it"
    assert all(len(line) <= 80 for line in told), "eighty columns"
    assert code(list(found.values())) == 0
    assert document("home", list(found.values()), [])["ready"] is True


def test_what_waits_for_a_failed_phase_says_so_and_what_does_not_is_ready(without_authentik: Outcome) -> None:
    found = status(without_authentik)
    assert found["phase2-identity"].message.startswith("authentik-api: "), "the gate, and its last words"
    assert "connection refused" in found["phase2-identity"].message
    assert found["phase3-integration"].message == "dependency phase2-identity is not ready"
    assert found["phase4-services"].message == "dependency phase3-integration is not ready"
    ready_alone = ("cluster", "phase1-infrastructure", "gitops", "chain-observability")
    assert {name: found[name].ready for name in (*ready_alone, "gitea")} == {
        **dict.fromkeys(ready_alone, True),
        "gitea": False,
    }, "what owes nothing to a login is there"
    assert code(list(found.values())) == 1


def test_a_failure_without_a_trace_is_told_where_others_wait(without_api: Outcome) -> None:
    found = status(without_api, live=False)
    assert found["cluster"].message == "the last update failed in it; make up says why"
    assert found["gitops"].message == "dependency cluster is not ready"


def test_one_service_that_failed_is_the_only_one(without_harbor: Outcome) -> None:
    found = ready(status(without_harbor))
    assert {name for name, one in found.items() if one is False} == {"phase4-services", "harbor"}


def test_what_is_gone_from_the_cluster_is_told(platform: Outcome) -> None:
    found = status(platform, gone="gitea-login")
    assert found["gitea"].message == "gitea-login: it is gone from the cluster"
    assert status(platform, live=False, gone="gitea-login")["gitea"].ready, "the state alone cannot know"
