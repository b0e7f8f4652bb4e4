"""What `make assurance` takes for lost: each thing that must not happen is planted, and reported for what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.assurance import told
from lab.assurance.__main__ import main
from lab.assurance.foreign import in_the_way
from lab.assurance.judge import Seen
from lab.assurance.outside import changes, down, losses
from lab.assurance.platform import Platform
from lab.assurance.step import Step, of_all, of_one
from lab.assurance.steps import DESTROY, UP, creations
from lab.assurance.track import Progress, Track
from lab.assurance.tracks import alone
from lab.checkout import LabError, Stack
from lab.clock import Clock
from lab.driver import Result
from lab.injections import Injections
from lab.providers.base import Call, Resource
from lab.providers.base import Result as Made
from lab.providers.errors import InitFailedError, RefusedError
from lab.providers.kubernetes.cluster import OBJECTS
from lab.providers.performing import perform, remove
from lab.site import Site
from lab.world import World

NAMESPACE, CONFIG = "kubernetes:core/v1:Namespace", "kubernetes:core/v1:ConfigMap"
CLAIM, KEY = "kubernetes:core/v1:PersistentVolumeClaim", "random:index/randomPassword:RandomPassword"
NEEDS: Mapping[str, tuple[str, Sequence[str]]] = {
    "key": (KEY, ()),
    "space": (NAMESPACE, ()),
    "claim": (CLAIM, ["space"]),
    "config": (CONFIG, ["space"]),
    "reader": (CONFIG, ["config"]),
    "other": (CONFIG, ["space", "key"]),
}


def urn(name: str) -> str:
    return f"urn:pulumi:s::p::{NEEDS[name][0]}::{name}"


def state(names: Sequence[str] = tuple(NEEDS), **more: Any) -> dict[str, Any]:
    of = {name: {"dependencies": [urn(one) for one in NEEDS[name][1]], **more.get(name, {})} for name in names}
    made = [{"urn": urn(name), "type": NEEDS[name][0], "custom": True, "id": name, **one} for name, one in of.items()]
    return {"deployment": {"resources": made}}


PLATFORM = Platform(state())
STEP = Step(what="update", struck=(urn("config"),))
SAME = {"same": "done"}
BORNE = Seen(
    steps={urn("config"): {"update": "failed"}} | {urn(one): SAME for one in ("key", "space", "claim", "other")},
    ok=False,
    struck=(urn("config"),),
    before=state(),
    after=state(),
)


def lost(seen: Seen, step: Step = STEP) -> list[str]:
    return [*of_one(PLATFORM, step, seen, urn("config")), *of_all(PLATFORM, step, seen, ())]


def touched(name: str, operation: str, how: str = "done") -> dict[str, Any]:
    return {"steps": {**BORNE.steps, urn(name): {operation: how}}}


def test_a_failure_that_holds_back_its_dependents_and_nothing_else_is_survived() -> None:
    assert lost(BORNE) == []


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        (touched("other", "update"), ["other was touched: update"]),
        (touched("claim", "replace"), ["claim was touched: replace", "claim holds data: replace"]),
        (touched("claim", "delete"), ["claim was touched: delete", "claim holds data: delete"]),
        (touched("reader", "same"), ["reader went on, although it needs it"]),
        (touched("key", "same", "failed"), ["key failed by itself"]),
        (
            {"steps": {one: how for one, how in BORNE.steps.items() if one != urn("key")}},
            ["key was held back, although it needs none of what failed"],
        ),
        (
            {"removed": ["kubernetes/objects /PersistentVolumeClaim/gitea/data"]},
            ["kubernetes/objects /PersistentVolumeClaim/gitea/data was removed"],
        ),
        ({"removed": ["proxmox/vms 300"]}, ["proxmox/vms 300 was removed"]),
        ({"mended": ["/ConfigMap/a/b of somebody else was touched"]}, ["/ConfigMap/a/b of somebody else was touched"]),
        ({"leaks": ["up.log shows gitea-admin"]}, ["up.log shows gitea-admin can be read"]),
        ({"after": state(key={"id": "another"})}, ["key is another since"]),
        (
            {"after": state(["claim", "space", "key", "config", "reader", "other"])},
            ["the state has claim before space"],
        ),
        (touched("config", "update"), ["its failure was not told"]),
    ],
)
def test_what_must_not_happen_is_lost(planted: Mapping[str, Any], told: list[str]) -> None:
    assert lost(replace(BORNE, **planted)) == told


def test_a_destroy_that_goes_on_to_what_the_failed_one_needs_is_lost() -> None:
    step = Step(what="delete", struck=(urn("config"),), operation="destroy")
    steps = {urn("config"): {"delete": "failed"}, urn("reader"): {"delete": "done"}}
    left = replace(BORNE, steps=steps, after=state(["key", "space", "config"]))
    assert lost(left, step) == []
    assert lost(replace(left, steps=steps | {urn("space"): {"delete": "done"}}), step) == [
        "space went, although config needs it"
    ]


class Scripted:
    """In place of the engine: what one operation after another showed, and the preview after them."""

    def __init__(self, seen: Sequence[Seen], preview: Mapping[str, int]) -> None:
        self.seen, self.wanted = list(seen), preview

    def operate(self, step: Step) -> Seen:
        return self.seen.pop(0)

    def preview(self) -> Result:
        return Result(True, self.wanted)

    def forget(self) -> None:
        """It keeps nothing."""


AGAIN = replace(BORNE, ok=True, struck=(), steps={urn("config"): {"update": "done"}, urn("reader"): SAME})


@pytest.mark.parametrize(
    ("after", "preview", "problems"),
    [
        ([AGAIN], {"same": 6}, []),
        ([AGAIN], {"same": 5, "update": 1}, ["it never comes to rest: a preview wants 1 update"]),
        (
            [replace(AGAIN, steps={urn("config"): SAME})],
            {},
            ["the next operation did not make up for it: {'same': 'done'}"],
        ),
        (
            [replace(AGAIN, steps={}, ok=False, error="boom")] * 2,
            {},
            ["it was never made up for", "it never comes to its end: boom"],
        ),
    ],
)
def test_what_the_next_operation_does_not_put_right_is_lost(
    tmp_path: Path, after: list[Seen], preview: dict[str, int], problems: list[str]
) -> None:
    track = Track(tmp_path / "update", Stack(tmp_path, "s", tmp_path / "none"), PLATFORM, lambda _: None)
    track.operating = Scripted([BORNE, *after], preview)  # type: ignore[assignment]
    progress = track.run(lambda one: None if one.step else STEP, UP)
    assert progress.verdicts == {f"update {urn('config')}": problems}
    again = Track(tmp_path / "update", track.stack, PLATFORM, lambda _: None)
    assert (again.progress, again.progress.ended) == (progress, True), "what was done is not done again"


def test_a_service_that_nobody_missed_was_not_down() -> None:
    step = Step(what="down", struck=("vault",))
    assert [step.met(seen, "vault") for seen in (BORNE, AGAIN)] == [True, False]


def test_groups_hold_none_that_needs_another_and_miss_none() -> None:
    groups = [step.struck for step in creations(PLATFORM)]
    assert [{name.rpartition("::")[2] for name in group} for group in groups] == [
        {"key", "space"},
        {"claim", "config", "other"},
        {"reader"},
    ], "what is needed first"
    assert sorted(one for group in groups for one in group) == sorted(PLATFORM.real)
    for group in groups:
        assert not {*group} & set().union(*map(PLATFORM.dependents, group))
    halves = [Platform(state(), part, 2).strikable("create") for part in (0, 1)]
    assert (halves[0] | halves[1], halves[0] & halves[1]) == (PLATFORM.real, frozenset())


def test_what_misses_a_service_may_be_of_another_part() -> None:
    beside = [down(Platform(state(), part, 2), "gitea").beside for part in (0, 1)]
    assert beside[0] == beside[1] == tuple(sorted(PLATFORM.strikable("update")))


@pytest.mark.parametrize("hand", [changes, losses])
def test_what_others_wrote_is_left_alone_since_no_update_brings_it_back(
    hand: Callable[[Platform], Iterator[Step]],
) -> None:
    kept: dict[str, Any] = {"inputs": {"data": {"a": "1"}}}
    fixed: dict[str, Any] = {"inputs": {**kept["inputs"], "immutable": True}}
    struck = {one for step in hand(Platform(state(config=kept, other=fixed))) for one in step.struck}
    assert struck & {urn("config"), urn("other"), urn("reader")} == {urn("config")}, "others have the reader's data"


def test_one_case_alone_and_one_that_is_none() -> None:
    assert alone(PLATFORM, "create", "config").struck == (urn("config"),)
    assert alone(PLATFORM, "delete", "config").operation == DESTROY.operation
    with pytest.raises(LabError, match=r"ONLY: create:confg is no case"):
        alone(PLATFORM, "create", "confg")


def test_the_count_is_of_faults_that_came_about_and_singles_are_compared() -> None:
    one, other = f"update {urn('config')}", f"update {urn('other')}"
    group = Progress(verdicts={one: [], other: ["it was touched"]}, untried={f"delete {urn('key')}": ""}, ended=True)
    found = told.tally({"update": group, "singles": Progress(verdicts={one: ["it leaks"]}, ended=True)})
    document = found.document()
    assert document["total"] == {"tried": 2, "survived": 0, "lost": 2}
    assert document["kinds"] == {"update": {"tried": 2, "survived": 0, "lost": 2}}
    assert document["singles"] == {"tried": 1, "disagree": ["update:config"]}
    assert document["untried"] == {"delete": 1}
    assert document["types"] == {CONFIG: {"update": 2}}


def test_an_object_of_somebody_else_that_is_touched_is_lost_and_the_others_are_taken_away(tmp_path: Path) -> None:
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}}
    named: dict[str, Any] = {
        one: {"id": f"shop/{one}", "inputs": {**inputs, "metadata": {"name": one}}} for one in NEEDS
    }
    step = in_the_way(Platform(state(**named)), [f"foreign {urn('reader')}"])
    assert step is not None
    assert set(step.struck) == {urn("config"), urn("other"), urn("space")}, "what was met is not in the way again"
    assert (step.fails, step.met(BORNE, urn("config")), step.met(BORNE, urn("other"))) == (True, True, False)
    with World(tmp_path, "a passphrase") as world:
        assert step.stage is not None
        assert step.mend is not None
        step.stage(world)
        taken = world.get(OBJECTS, "/ConfigMap/shop/config") or {}
        world.put(OBJECTS, "/ConfigMap/shop/config", taken | {"data": {"ours": "now"}})
        assert list(step.mend(world)) == ["/ConfigMap/shop/config of somebody else was touched"]
        assert world.keys(OBJECTS) == ["/ConfigMap/shop/config"]


class Written(Resource):
    token, table = CONFIG, "written"


def test_an_injected_fault_strikes_once_and_is_noted(tmp_path: Path) -> None:
    with World(tmp_path, "a passphrase") as world:
        site = Site(world, Clock(world))
        call, made = Call(site=site, urn=urn("config"), token=CONFIG, config={}), list[str]()

        def write() -> Made:
            made.append("config")
            return Made("config", {"data": "x"})

        site.injections.plant("create", call.urn, "refused")
        with pytest.raises(RefusedError, match="injected: the create is refused"):
            perform("create", Written(), call, {}, write)
        assert (made, Injections(world).taken()) == ([], frozenset({call.urn})), "nothing was made"
        site.injections.plant("update", call.urn, "killed")
        assert (site.injections.taken(), site.injections.aged(call.urn)) == (frozenset(), False), "it did not strike"
        site.injections.plant("update", call.urn, "timeout")
        assert site.injections.aged(call.urn)
        with pytest.raises(InitFailedError, match="injected: timed out after the update") as late:
            perform("update", Written(), call, {}, write)
        assert (made, late.value.identifier) == (["config"], "config"), "it was changed all the same"
        assert perform("create", Written(), call, {}, write).identifier == "config", "once"
        assert not site.injections.aged(call.urn), "what is made anew is of the new release"
        site.injections.plant("delete", call.urn, "refused")
        with pytest.raises(RefusedError):
            remove(call, made.clear)
        remove(call, made.clear)
        assert made == []


@pytest.mark.parametrize(("arguments", "problem"), [(["--part", "9/8"], "PART: 9/8"), (["--kinds", "no"], "KINDS: no")])
def test_what_is_no_part_is_refused(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert (main(arguments), problem in capsys.readouterr().err) == (1, True)
