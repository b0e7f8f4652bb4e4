"""The picture shows phases in order, their parts, and only the arrows that do not follow from others."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.parsers import expat

from hypothesis import given
from hypothesis import strategies as st

from reporting import graph
from reporting.fates import judge, planned
from reporting.layout import arrange
from reporting.plan import Part, PhasePlan, read

PHASE = "home-cluster:phase:Phase"
STACK = "urn:pulumi:dev::p::"


def phase(name: str) -> dict[str, Any]:
    return {"urn": f"{STACK}{PHASE}::{name}", "type": PHASE}


def part(home: str, name: str, *needs: str, kind: str = "Thing") -> dict[str, Any]:
    urn = f"{STACK}{PHASE}$home-cluster:x:{kind}::{name}"
    needed = [f"{STACK}{PHASE}$home-cluster:x:{kind}::{item}" for item in needs]
    return {"urn": urn, "type": f"home-cluster:x:{kind}", "parent": f"{STACK}{PHASE}::{home}", "dependencies": needed}


def deployment(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resources": list(resources)}


CHAIN = deployment(
    phase("gitops"),
    phase("cluster"),
    phase("phase1-infrastructure"),
    part("cluster", "vm"),
    part("cluster", "talos", "vm"),
    part("cluster", "cilium", "talos", "vm"),
    part("phase1-infrastructure", "vault", "cilium", "vm"),
    part("gitops", "flux", "cilium"),
)


def edges(plan: PhasePlan) -> list[tuple[str, str]]:
    titles = {item.key: item.title for item in plan.parts}
    return [(titles[start], titles[end]) for start, end in plan.edges]


def test_phases_come_in_order_and_arrows_between_them_are_those_of_their_parts() -> None:
    plan = read(CHAIN)
    assert [item.name for item in plan.phases] == ["cluster", "phase1-infrastructure", "gitops"], "as in the design"
    expected = (("cluster", "gitops"), ("cluster", "phase1-infrastructure"))
    assert plan.edges == expected, "a part that needs one of another phase makes its phase wait"


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    plan = read(CHAIN).phases[0]
    assert edges(plan) == [("talos", "cilium"), ("vm", "talos")], "vm -> cilium goes without saying"


def test_children_belong_to_their_part() -> None:
    child = {
        "urn": f"{STACK}{PHASE}$home-cluster:x:Thing$a:b:Inner::inner",
        "type": "a:b:Inner",
        "parent": f"{STACK}{PHASE}$home-cluster:x:Thing::vm",
    }
    plan = read(deployment(*CHAIN["resources"], child)).phases[0]
    sizes = {item.title: item.size for item in plan.parts}
    assert sizes["vm"] == 2, "the part and its child"


def test_many_like_parts_are_shown_as_one() -> None:
    nodes = [part("cluster", f"node{number}", kind="VirtualMachine") for number in range(6)]
    plan = read(deployment(phase("cluster"), *nodes)).phases[0]
    assert [item.title for item in plan.parts] == ["6 x VirtualMachine"], "six boxes of one kind say no more than one"


def test_parts_that_need_each_other_do_not_stop_the_drawing() -> None:
    plan = read(deployment(phase("cluster"), part("cluster", "a", "b"), part("cluster", "b", "a"))).phases[0]
    assert len(plan.edges) == 1, "one direction is left out"


def test_the_picture_is_one_screen_of_readable_text() -> None:
    text = graph.svg(read(CHAIN))
    size = re.search(r'<svg [^>]*width="(\d+)" height="(\d+)"', text)
    assert size is not None, "the picture says how big it is"
    assert int(size[1]) <= 1600, "as wide as a screen"
    assert int(size[2]) <= 1050, "as high as a screen"
    expat.ParserCreate().Parse(text, True)  # raises where it is no XML
    sizes = [int(size) for size in re.findall(r"font-size: (\d+)px", text)]
    assert min(sizes) >= 11, "smaller text cannot be read"
    for name in ("cluster", "phase1-infrastructure", "gitops", "vault", "flux"):
        assert f">{name}<" in text, f"{name} is in the picture"


def drawn(text: str) -> dict[str, tuple[str, list[str]]]:
    """Every box of a picture: its first text -> its class, and its other texts."""
    groups: list[tuple[str, list[str]]] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "g":
            groups.append((attributes["class"], []))
        elif name == "text" and groups:
            groups[-1][1].append("")

    def told(data: str) -> None:
        if groups and groups[-1][1] and data.strip():
            groups[-1][1][-1] += data.strip()

    parser.StartElementHandler, parser.CharacterDataHandler = start, told
    parser.Parse(text, True)
    return {texts[0]: (kind, texts[1:]) for kind, texts in groups}


def test_a_failure_is_drawn_with_what_it_holds_back_and_what_was_not_reached() -> None:
    resources = {one["urn"]: one for one in CHAIN["resources"]}
    names = {urn.rsplit("::", 1)[-1]: urn for urn in resources}
    done = [urn for name, urn in names.items() if name in ("vm", "cluster", "gitops", "phase1-infrastructure")]
    extra = part("gitops", "apart")
    resources[extra["urn"]] = extra
    endings = judge(resources, done, [names["talos"]])
    plan = read({"resources": resources.values()}, endings)
    text = graph.svg(plan)
    boxes = drawn(text)
    assert boxes["vm"] == ("done", ["Thing (1)"]), "that was made"
    assert boxes["talos"] == ("failed", ["failed: talos"]), "in words as well as in colour"
    assert boxes["cilium"] == ("blocked", ["blocked by talos"]), "by whom"
    assert boxes["apart"] == ("not-reached", ["not reached"]), "it waits for nothing that failed"
    assert boxes["cluster"] == ("failed", ["3 resources, failed: talos"]), "the phase that holds it"
    assert boxes["phase1-infrastructure"] == ("blocked", ["1 resources, blocked by talos"]), "the phase after it"
    assert "<title>talos: Thing, components/x.py, 1 resources, failed: talos</title>" in text, "and the file it is in"
    assert "3 phases, 6 resources: 2 blocked, 1 failed" in text, "the title does not look like a success"
    for kind in ("failed", "blocked", "not-reached"):
        assert f".{kind} rect {{" in text, "each has a look of its own"
    whole = graph.svg(read(CHAIN))
    assert text.count('class="between"') == whole.count('class="between"') == 2, "arrows to what is blocked stay"
    assert text.count('class="arrow"') == whole.count('class="arrow"') == 2, "inside of phases too"


def test_the_plan_of_a_preview_knows_what_waits_for_what(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    goals = {one["urn"]: {"goal": one, "steps": ["create"]} for one in CHAIN["resources"]}
    file.write_text(json.dumps({"resourcePlans": {**goals, "urn:gone": {"goal": None, "steps": ["delete"]}}}))
    resources = planned(file)
    assert read({"resources": resources.values()}) == read(CHAIN), "as the state will have it"
    assert not file.exists(), "it holds every input"
    assert planned(file) == {}, "a preview that failed leaves none"


@st.composite
def plans(draw: st.DrawFn) -> PhasePlan:
    count = draw(st.integers(1, 12))
    keys = [f"n{number}" for number in range(count)]
    pairs = [(a, b) for index, a in enumerate(keys) for b in keys[index + 1 :]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20)) if pairs else []
    return PhasePlan("any", tuple(Part(key, key, "Thing", 1) for key in keys), tuple(chosen), count)


@given(plans())
def test_every_part_has_one_place_and_every_arrow_goes_right(plan: PhasePlan) -> None:
    layout = arrange(plan)
    column = {slot.key: number for number, slots in enumerate(layout.columns) for slot in slots}
    placed = [slot.part for slots in layout.columns for slot in slots if slot.part]
    assert sorted(placed) == sorted(item.key for item in plan.parts), "each part is drawn once"
    for route in layout.routes.values():
        steps = [column[b] - column[a] for a, b in pairwise(route)]
        assert all(step == 1 for step in steps), "an arrow passes column by column, so it never hides behind a part"
