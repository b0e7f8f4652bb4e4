"""`make status`: the rows of a state, what stands below them, and its exit codes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from doubles.loopback import Request
from doubles.proxmox import Proxmox
from lib.last_update import EXPIRY
from lib.names import PHASES
from register.secrets import declare
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tests.tools.stack_state import STACK, brought_up
from tools.cluster import ClusterError
from tools.doctor.proxmox_api import ProxmoxError
from tools.state import Engine
from tools.status import __main__ as status
from tools.status import extras
from tools.status.rows import Row, rows

NOW = datetime(2026, 11, 27, tzinfo=UTC)
SETTINGS = load_stack_file(SHIPPED)
SYNCED = load_stack_file(FIXTURES / "valid" / "every-key.yaml")
PHASE, STASH, JOB = "home-cluster:phase:Phase", "pulumi:index:Stash", "kubernetes:batch/v1:Job"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"


class There(dict[str, Any]):
    """An API server that has these objects and lists, by the end of their path."""

    def get(self, path: str) -> Any:  # type: ignore[override]
        for end, found in self.items():
            if path.endswith(end):
                return {"items": found} if isinstance(found, list) else found
        raise ClusterError(f"https://api answers 404 for {path}")


def node(name: str, release: str = "v1.36.3", ready: str = "True", **spec: Any) -> dict[str, Any]:
    info = {"kubeletVersion": release, "osImage": "Talos (v1.13.7)"}
    return {
        "metadata": {"name": name},
        "spec": spec,
        "status": {"nodeInfo": info, "conditions": [{"type": "Ready", "status": ready}]},
    }


def test_nodes_say_what_is_odd_about_them() -> None:
    there = There(nodes=[node("b", "v1.36.2"), node("a"), node("c", ready="Unknown", unschedulable=True)])
    assert list(extras.nodes(there, SETTINGS)) == [
        "node a: v1.36.3, Talos (v1.13.7)",
        "node b: v1.36.2, Talos (v1.13.7), the stack file says v1.36.3",
        "node c: v1.36.3, Talos (v1.13.7), not Ready, cordoned",
    ]


class Asked:
    """The double of Proxmox, asked by a token that may look at VMs."""

    def __init__(self, double: Proxmox) -> None:
        self.double = double

    def get(self, path: str, /, **query: str | int) -> Any:
        request = Request("GET", f"/api2/json/{path}?{urlencode(query)}", {"Authorization": "PVEAPIToken=me=s"}, b"")
        reply = self.double(request)
        if reply.status != 200 or not isinstance(reply.body, dict):
            raise ProxmoxError("Permission check failed", reply.status)
        return reply.body["data"]


def test_machines_that_wait_for_a_reboot_say_what_for() -> None:
    settings = load_stack_file(FIXTURES / "valid" / "minimal.yaml")
    guests = [{"vmid": one, "node": "elsewhere", "name": "moved"} for one in (200, 300)]
    pending: dict[int, list[dict[str, Any]]] = {
        200: [{"key": "memory", "value": "4096", "pending": "8192"}, {"key": "hostpci0", "value": "x", "delete": 1}],
        300: [{"key": "tags", "value": "a", "delete": 0}],
    }
    acl: dict[str, dict[str, set[str]]] = {"me": {"/": {"VM.Audit"}}}
    there = Proxmox(tokens={"me": "s"}, acl=acl, hosts={}, guests=guests, pending=pending)
    told = list(extras.reboots(Asked(there), settings))
    assert told == ["machine control: a reboot is pending (hostpci0, memory)"], "the host is the one it runs on now"
    there.guests.pop()
    assert "machine worker: Proxmox shows the token no VM 300" in list(extras.reboots(Asked(there), settings))
    there.tokens = {}
    told = list(extras.reboots(Asked(there), settings))
    assert told == ["pending reboots: nobody can tell (Permission check failed)"]


def test_the_certificate_that_ends_first_is_named() -> None:
    def ends(name: str, days: int) -> dict[str, Any]:
        end = (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"metadata": {"name": name}, "status": {"notAfter": end}}

    def told(administrator: int, *certificates: dict[str, Any]) -> list[str]:
        stack = {"type": "pulumi:pulumi:Stack", "outputs": {EXPIRY: (NOW + timedelta(days=administrator)).isoformat()}}
        one = {"type": CERTIFICATE, "outputs": {"metadata": {"namespace": "vault"}}}
        there = There({"/namespaces/vault/certificates": [{"metadata": {"name": "new"}}, *certificates]})
        return list(extras.certificates(there, {"deployment": {"resources": [stack, one]}}, NOW))

    assert told(300, ends("b", 60), ends("a", 30)) == ["certificates: the first ends 2026-12-27 (vault/a)"]
    late = ["certificates: the first ends 2026-12-17 (vault/a), which should have been renewed"]
    assert told(300, ends("a", 20)) == late
    assert told(22, ends("a", 30)) == ["certificates: the first ends 2026-12-19 (the administrator's credentials)"]


def test_the_oldest_secret_that_may_be_rotated_is_named() -> None:
    declarations = declare(SETTINGS)
    permanent = next(one for one in declarations if one.permanent)
    first, second, *_ = (one for one in declarations if not one.permanent)
    made = [
        {
            "parent": f"urn::home-cluster:generated_fields:GeneratedFields::{one.name}",
            "type": "random",
            "created": (NOW - timedelta(days=days)).isoformat(),
        }
        for one, days in ((permanent, 90), (first, 2), (second, 40))
    ]
    said = extras.secrets({"deployment": {"resources": made}}, declarations, NOW)
    assert said == f"secrets: the oldest of 2 is {second.path}, 40 days (`make secrets`)"
    assert extras.secrets({}, declarations, NOW) == "secrets: none was made yet"


def test_flux_says_which_revision_it_applied() -> None:
    def told(**report: Any) -> list[str]:
        return list(extras.flux(There(report), SYNCED))

    assert told(flux={"spec": {"sync": {"status": "Applied revision:\n main@sha1:1"}}}) == [
        "flux: Applied revision: main@sha1:1"
    ]
    assert told(flux={"spec": {}}) == ["flux: has not reported on its repository yet"]
    (silent,) = told()
    assert silent.startswith("flux: has not reported yet (https://api answers 404")
    off = SYNCED.model_copy(update={"gitops": SYNCED.gitops.model_copy(update={"enabled": False})})
    assert list(extras.flux(There(), off)) == [], "it is not there"


@pytest.mark.parametrize(
    ("history", "failed", "line"),
    [
        (None, False, "nobody can tell"),
        ([], False, "none yet"),
        ([{"kind": "refresh", "result": "failed"}], False, "none yet"),
        (
            [
                {"kind": "refresh", "result": "succeeded"},
                {"kind": "update", "result": "failed", "endTime": "today"},
                {"kind": "update", "result": "succeeded"},
            ],
            True,
            "failed, today",
        ),
        ([{"kind": "update", "result": "succeeded", "startTime": "now"}], False, "succeeded, now"),
    ],
    ids=["silence", "new", "no update", "failed", "well"],
)
def test_the_last_update_is_told(history: Any, failed: bool, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "call", lambda *_, **__: "" if history is None else json.dumps(history))
    assert extras.last_update(Engine(Path(), STACK, Path())) == (failed, f"last update: {line}")


def resource(kind: str, name: str, parent: str = "", **more: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:s::p::{kind}::{name}", "type": kind, "parent": parent, **more}


CLUSTER = resource(PHASE, "cluster", created="2026-11-01T00:00:00Z")
READY = [
    CLUSTER,
    resource(STASH, "cluster-gates", CLUSTER["urn"]),
    resource(JOB, "gate", CLUSTER["urn"], created="2026-11-27T00:00:00Z"),
    resource(JOB, "first", CLUSTER["urn"], created="2026-11-25T00:00:00Z"),
]


def of(*more: dict[str, Any], pending: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    operations = [{"resource": one, "type": "creating"} for one in pending]
    return {"deployment": {"resources": [*READY, *more], "pending_operations": operations}}


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (of(), "2 resources"),
        (of(pending=(READY[2],)), "gate: creating was cut off; `make up` goes on from there"),
        (
            of(pending=(resource(f"{PHASE}$job", "new", CLUSTER["urn"]),)),
            "new: creating was cut off; `make up` goes on from there",
        ),
        (of(pending=(resource(f"{PHASE}$job", "new", "urn::other"),)), "2 resources"),
        (
            of(resource(JOB, "login", CLUSTER["urn"], initErrors=["no login", "[BackoffLimitExceeded] over"])),
            "login: no login",
        ),
    ],
    ids=["ready", "cut off", "begun", "begun elsewhere", "failed"],
)
def test_a_phase_is_as_well_as_what_lies_below_it(state: dict[str, Any], says: str) -> None:
    (row,) = rows(state, None, [], failed=False, built_on=PHASES)
    assert (row.message, row.ready) == (says, says == "2 resources")
    assert row.since is not None
    assert row.since.day == 25, "its oldest resource; the component itself is none"


def test_without_a_trace_the_last_phase_is_the_culprit_and_a_phase_that_is_left_out_hides_none() -> None:
    waiting = resource(PHASE, "phase4-services")
    state = of(waiting)
    assert {row.name: row.ready for row in rows(state, None, [], failed=False, built_on=PHASES)} == {
        "cluster": True,
        "phase4-services": None,
    }
    found = rows(state, None, ["gitea"], failed=True, built_on=PHASES)
    held = "dependency cluster is not ready"
    assert [row.message for row in found] == ["the last update failed in it; make up says why", held, held]


def test_a_phase_of_the_stacks_own_builds_on_the_cluster() -> None:
    chain = resource(PHASE, "chain-data")
    failing = resource(JOB, "late", CLUSTER["urn"], initErrors=["no volume"])
    found = {row.name: row.message for row in rows(of(chain, failing), None, [], failed=True, built_on=PHASES)}
    assert found == {"cluster": "late: no volume", "chain-data": "dependency cluster is not ready"}


def test_the_exit_code_says_whether_all_is_ready() -> None:
    def row(ready: bool | None) -> Row:
        return Row(name="one", ready=ready, message="")

    of_rows = [([row(True)], 0), ([row(True), row(None)], 2), ([row(None), row(False)], 1), ([], 2)]
    for found, code in of_rows:
        assert status.code(found) == code, found


@pytest.mark.parametrize(("age", "said"), [(59, "59s"), (60, "1m"), (7200, "2h"), (200_000, "2d"), (-5, "0s")])
def test_ages_are_those_of_kubectl(age: int, said: str) -> None:
    row = Row(name="one", ready=True, message="", since=NOW - timedelta(seconds=age))
    assert list(status.lines([row], NOW))[1].split() == ["one", "True", said]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One whose state nobody can decrypt, after an update that ended well."""
    brought_up(tmp_path, {})
    monkeypatch.setattr(Engine, "state", _state)
    history = '[{"kind": "update", "result": "succeeded", "endTime": "t"}]'
    monkeypatch.setattr(Engine, "call", lambda _, *said, **__: "{}" if said[0] == "config" else history)
    return tmp_path


def _state(_: Engine, *, decrypted: bool = False) -> dict[str, Any] | None:
    return {} if decrypted else of()


def test_a_cluster_that_does_not_answer_leaves_the_state(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: Any) -> Any:
        raise ClusterError("nobody answers at https://api")

    assert status.main(["--stack", STACK, "--json"], checkout) == 2, "its services are not reached"
    document = json.loads(capsys.readouterr().out)
    assert (document["stack"], document["ready"], document["rows"][0]["name"]) == (STACK, False, "cluster")
    assert document["notes"] == [
        "from the state alone: it knows no cluster yet",
        "last update: succeeded, t",
        "drift: never looked for here (`make drift`)",
        "backups: none declared",
        "secrets: none was made yet",
    ]
    monkeypatch.setattr(status, "api_of", lambda _: There(nodes=[]))
    monkeypatch.setattr(status, "problems", silent)
    assert status.main(["--stack", STACK], checkout) == 2
    assert "\n\nfrom the state alone: nobody answers at https://api\nlast update" in capsys.readouterr().out


def test_a_stack_that_was_never_brought_up_is_no_status(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "state", lambda *_, **__: None)
    assert status.main(["--stack", STACK], checkout) == 2
    assert f"status: {STACK} was never brought up: make up STACK={STACK}" in capsys.readouterr().err
