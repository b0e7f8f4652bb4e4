"""The report as a page: what stands in it, and that nothing of it was meant by a provider to be read by a browser."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reporting import report
from reporting.bars import duration
from reporting.document import durations
from reporting.page import page
from tests.support.operation import Played, events, played, resource
from tests.support.recording import Recording

FAILING = "authentik-api"
EVIL = 'refused: <script>alert("1")</script> <img src=x onerror=alert(2)> & "quoted"\nsecond line'
VOID = ("meta", "img", "link", "br")


@dataclass
class Node:
    """An element: its attributes, and texts and elements in it."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    content: list["Node | str"] = field(default_factory=list)

    def walk(self) -> Iterator["Node"]:
        yield self
        for one in self.content:
            if isinstance(one, Node):
                yield from one.walk()

    def all(self, name: str, kind: str = "") -> list["Node"]:
        """Elements of a name, and of a class where one is given."""
        classes = {kind} if kind else set[str]()
        return [
            one for one in self.walk() if one.name == name and classes <= set(one.attributes.get("class", "").split())
        ]

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.content)


class Reader(HTMLParser):
    """Reads a page, and refuses what a browser would have to guess."""

    def __init__(self) -> None:
        super().__init__()
        self.open = [Node("document")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].content.append(node)
        self.open += [] if tag in VOID else [node]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag, f"{tag} is closed where it was not open"

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(data)


def read(text: str) -> Node:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.open) == 1, "everything is closed"
    return reader.open[0]


def section(root: Node, name: str) -> Node:
    return next(one for one in root.all("section") if one.attributes["id"] == name)


def rows(table: Node) -> list[list[str]]:
    return [[cell.text for cell in row.all("td")] for row in table.all("tr") if row.all("td")]


@pytest.fixture(scope="module")
def failed(update: Recording) -> Played:
    """A bring-up of the whole program in which one resource of phase 2 fails."""
    return played(update, FAILING, EVIL)


@pytest.fixture(scope="module")
def shown(failed: Played) -> Node:
    return read(page(failed.document, failed.svg))


def test_what_a_provider_says_is_text_and_nothing_else(failed: Played, shown: Node) -> None:
    assert [one.name for one in shown.walk() if one.name in ("script", "img", "iframe", "link", "object")] == [], "no"
    assert [name for one in shown.walk() for name in one.attributes if name.startswith("on")] == [], "handlers"
    assert shown.all("pre")[0].text == EVIL, "the whole message, as it was said"
    policy = next(one for one in shown.all("meta") if "http-equiv" in one.attributes).attributes["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'", (
        "and if something slipped through, it would not run"
    )
    odd = failed.document | {"result": EVIL, "stack": EVIL, "urls": {EVIL: "https://x/" + EVIL}}
    assert [one.name for one in read(page(odd, "")).walk() if one.name in ("script", "img")] == [], "whoever said it"


def test_it_needs_no_network(shown: Node) -> None:
    links = {one.attributes[name] for one in shown.walk() for name in ("href", "src") if name in one.attributes}
    ids = [one.attributes["id"] for one in shown.walk() if "id" in one.attributes]
    assert links - {f"#{name}" for name in ids} == {"https://auth.example.com"}, "a person may follow that one"
    assert len(ids) == len(set(ids)), "an anchor leads to one place"
    styles = "".join(one.text for one in shown.all("style"))
    assert ("url(" in styles.replace("url(#", ""), "@import" in styles) == (False, False), "no style loads anything"
    assert "javascript:alert(1)" in section(shown, "addresses").text, "what is no https address is no link"


def test_the_failure_comes_first_with_what_it_blocks(failed: Played, shown: Node) -> None:
    first = shown.all("section")[0]
    assert first.attributes["id"] == "failures", "nobody has to look for it"
    assert first.all("h3")[0].text.startswith(f"{FAILING} kubernetes:batch/v1:Job, create, in phase2-identity"), "what"
    blocks = next(one for one in failed.document["resources"] if one["status"] == "failed")["blocks"]
    assert set(blocks) == {"phase2-identity", "phase3-integration", "phase4-services"}, "nothing before it, nor beside"
    assert sorted(one.text for one in first.all("li")) == sorted(name for names in blocks.values() for name in names), (
        "each by its name"
    )
    told, held = first.all("summary")[0].text, sum(map(len, blocks.values()))
    assert [one.text for one in first.all("pre")] == [EVIL, f"{held} were left"], "what is said of no resource, once"
    assert told.startswith(f"holds back {held} resources: phase2-identity ("), told


def test_the_phases_are_those_of_the_report(failed: Played, shown: Node) -> None:
    table = rows(section(shown, "phases"))
    phases = failed.document["phases"]
    assert [row[:3] for row in table] == [
        [one["name"], one["status"], f"{one['done']}/{one['resources']}"] for one in phases
    ], "in the order of the design"
    by_name = {row[0]: row for row in table}
    assert by_name["phase2-identity"][5].startswith(f"{FAILING}: refused: <script>"), "why"
    assert by_name["phase4-services"][1:2] + by_name["phase4-services"][5:] == [
        "blocked", f"waits for {FAILING} of phase2-identity",
    ]  # fmt: skip
    cluster = next(one for one in phases if one["name"] == "cluster")
    assert by_name["cluster"][3] == f"{duration(cluster['seconds'])} ({cluster['changed']} changed)", "how long it took"
    assert cluster["seconds"] >= 15 * 3, "machines, Talos, network: one after the other"


def test_bars_stand_where_the_times_are_and_the_critical_path_is_marked(failed: Played, shown: Node) -> None:
    line, path = section(shown, "timeline"), failed.document["criticalPath"]
    end = failed.document["timeline"]["seconds"]
    assert [one["finished"] for one in path][-1] == end == sum(one["finished"] - one["started"] for one in path)
    marked = [one for one in line.all("li", "critical")]
    assert [one.all("span", "name")[0].text for one in marked] == [f"◆ {one['name']}" for one in path], (
        "not by colour alone"
    )
    for node, one in zip(marked, path, strict=True):
        left, width = 100 * one["started"] / end, 100 * (one["finished"] - one["started"]) / end
        assert node.all("span", "bar")[0].attributes["style"] == f"left:{left:.2f}%;width:{width:.2f}%", one["name"]
    assert "Simulated seconds" in line.text, "nobody takes them for what a cluster needs"
    assert line.all("li", "failed")[-1].all("span", "name")[0].text.endswith(FAILING), "it is in the picture"


def test_changes_are_named_by_phase_and_no_value_of_any_is_told(failed: Played, shown: Node, update: Recording) -> None:
    changes = section(shown, "changes")
    named = {one.text for one in changes.all("code")}
    made = {one["name"] for one in failed.document["resources"] if one["op"] == "create" and one["status"] == "done"}
    assert named == made, "what was made, and nothing that failed"
    numbers = [int(one.text.split(": ")[1].split()[0]) for one in changes.all("summary")]
    assert f"{sum(numbers)} created" in [one.text for one in shown.all("dd")], "one number wherever it stands"
    told = json.dumps(failed.document) + shown.text
    assert [value for value in update.issued if len(value) > 8 and value in told] == [], "no secret"
    assert "Simulated: machines, providers and services" in shown.text, "called so"
    real = read(page(failed.document | {"simulated": False}, ""))
    assert "imulated:" not in real.text, "and nothing else is"


def test_durations_are_compared_with_the_last_time_that_the_same_was_done(failed: Played, update: Recording) -> None:
    before = durations(failed.document)
    before["resources"] |= {
        "create kubernetes:helm.sh/v3:Release vault-release": 10.0,
        "create kubernetes:helm.sh/v3:Release traefik-release": 40.0,
        "update kubernetes:helm.sh/v3:Release cilium-release": 999.0,
    }
    again = played(update, previous=before)
    shown = read(page(again.document, again.svg))
    assert rows(section(shown, "slower-or-faster")) == [
        ["traefik-release", "create", "15 s", "40 s", "25 s faster"],
        ["vault-release", "create", "15 s", "10 s", "5 s slower"],
    ], "an update is no creation"
    assert "failures" not in [one.attributes["id"] for one in shown.all("section")], "there was none"
    cluster = next(one for one in failed.document["phases"] if one["name"] == "cluster")
    phases = {row[0]: row[4] for row in rows(section(shown, "phases"))}
    assert phases["cluster"] == f"{duration(cluster['seconds'])} ({cluster['changed']} changed)", "of the last run"
    assert phases["phase4-services"] == "", "which did not come to it"
    kept = durations(again.document)["resources"]
    assert kept["update kubernetes:helm.sh/v3:Release cilium-release"] == 999, "what was not done this time is kept"
    assert kept["create kubernetes:helm.sh/v3:Release vault-release"] == 15, "and what was is new"
    broken_off = again.document | {"timeline": {"clock": "real", "seconds": 3}}
    assert durations(broken_off) == again.document["previous"], "real seconds of the lab are none to compare with"


def test_a_run_leaves_page_and_report_and_the_next_one_knows_its_durations(tmp_path: Path) -> None:
    thing = resource("urn:pulumi:dev::p::a:b:Thing::thing")
    run = report.Run(directory=tmp_path, simulated=False, name="home", previous=report.clear(tmp_path))
    for event in events(thing, 100, 162):
        run.phases.see(event)
    report.conclude(run, {thing["urn"]: thing}, None)
    report.write(run, operation="up")
    root = read((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert root.all("h1")[0].text == "home: up broke off", "which stack, and how it ended"
    assert root.all("svg", "graph"), "with the graph in it"
    assert [one.text for one in section(root, "timeline").all("span", "name")] == ["◆ thing"], "outside of phases too"
    assert report.clear(tmp_path)["resources"] == {"create a:b:Thing thing": 62}, "for the next run to compare"
    assert list(tmp_path.iterdir()) == [], "which takes nothing of it for its own"
    (tmp_path / "report.json").write_text('{"result": "of an older version"}', encoding="utf-8")
    assert report.clear(tmp_path) == {}, "where nothing can be compared"
    report.write(report.Run(directory=tmp_path, simulated=False))
    assert "Nothing was changed." in (tmp_path / "report.html").read_text(encoding="utf-8"), "nor was anything begun"


@pytest.mark.parametrize(("seconds", "expected"), [(0, "0 s"), (119.6, "2 min 0 s"), (90, "90 s"), (3725, "1 h 2 min")])
def test_durations_are_told_in_units_that_people_use(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected, "not in thousands of seconds"
