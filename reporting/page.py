"""The report as a page: one file that needs no network and no script, for screens of any width, dark ones and paper.

`document` is report.json (docs/architecture.md). Nothing of it reaches the page as HTML.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from reporting.bars import duration, timeline
from reporting.document import CHANGES, Document, key
from reporting.markup import Markup, element, folded, joined, names, table
from reporting.style import STYLE

_HEAD: Final = Markup(
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    # Whatever a provider wrote: nothing is run and nothing is loaded.
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)
_NOTICEABLE: Final = 0.1
"""Share of its last duration by which something is slower or faster."""
_SHOWN: Final = 20


def page(document: Document, svg: str) -> str:
    """The page; `svg` is the graph (reporting.graph), empty where there is none."""
    name, operation, result = document.get("stack", ""), document.get("operation", ""), document["result"]
    ended = result if operation in result else f"{operation} {result}"
    title = f"{name}: {ended}" if name else ended
    sections = [
        ("Failures", _failures(document)),
        ("Phases", _phases(document)),
        ("Timeline", timeline(document)),
        ("Slower or faster", _compared(document)),
        ("Changes", _changes(document)),
        ("Graph", _graph(svg)),
        ("Addresses", _addresses(document)),
        ("Measures of success", _success(document)),
    ]
    shown = [(heading, content) for heading, content in sections if content]
    links = [element("a", heading, href=f"#{_anchor(heading)}") for heading, _ in shown]
    body = element(
        "main",
        element("h1", title, class_="succeeded" if document["result"] == "succeeded" else "broken"),
        _facts(document),
        element("nav", *links),
        *(element("section", element("h2", head), content, id=_anchor(head)) for head, content in shown),
    )
    head = element("head", _HEAD, element("title", title), element("style", Markup(STYLE)))
    return f"<!doctype html>\n{element('html', head, element('body', body), lang='en')}\n"


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def _facts(document: Document) -> Markup:
    phases = document["phases"]
    changes = Counter(one["op"] for one in document["resources"] if one["status"] == "done")
    ready = sum(phase["status"] == "ready" for phase in phases)
    done = [f"{changes[op]} {words}" for op, words in CHANGES.items() if changes[op]]
    again = document.get("secondPreview")
    wanted = sum(count for op, count in (again or {}).items() if op not in ("same", "read"))
    facts = {
        "phases ready": f"{ready} of {len(phases)}",
        "resources": ", ".join(done) or "no change",
        "the update took": duration(document["seconds"]) + (" in real time" if document["simulated"] else ""),
        "second preview": "" if again is None else f"{wanted or 'no'} changes",
    }
    listed = [element("div", element("dt", name), element("dd", text)) for name, text in facts.items() if text]
    simulated = (
        "Simulated: machines, providers and services were those of the embedded lab, and nothing real was changed."
    )
    note = element("p", simulated, class_="simulated") if document["simulated"] else ""
    return joined([note, element("dl", *listed, class_="facts")])


def _failures(document: Document) -> Markup:
    failed = [_failure(one) for one in document["resources"] if one["status"] == "failed"]
    return joined(failed + [element("pre", text) for text in document["errors"]])


def _failure(one: Document) -> Markup:
    blocks = one.get("blocks") or {}
    count = sum(map(len, blocks.values()))
    held: Markup = element("p", "It holds nothing back.")
    if count:
        where = ", ".join(f"{phase or 'outside of phases'} ({len(found)})" for phase, found in blocks.items())
        every = [name for found in blocks.values() for name in found]
        held = folded(f"holds back {count} resources: {where}", names(every))
    kind = element("small", f" {one['type']}, {one['op']}, in {one['phase'] or 'no phase'}")
    message = element("pre", one["message"] or "The provider gave no reason.")
    return element("article", element("h3", element("code", one["name"]), kind), message, held, class_="failure")


def _phases(document: Document) -> Markup:
    last = document["previous"].get("phases", {})
    rows = [_phase(phase, last.get(phase["name"])) for phase in document["phases"]]
    headings = ("Phase", "Status", "Resources", "Took", "Last time", "Message")
    clock = _clock(document)
    note = f"{clock}, from the first resource that waited for the gates before a phase to its last."
    return joined([table(headings, rows), element("p", note, class_="quiet")]) if rows else Markup()


def _phase(phase: Document, last: Document | None) -> Sequence[tuple[str, str]]:
    earlier = f"{duration(last['seconds'])} ({last['changed']} changed)" if last else ""
    took = "" if phase["seconds"] is None else f"{duration(phase['seconds'])} ({phase['changed']} changed)"
    return (
        (element("strong", phase["name"]), ""),
        (phase["status"], f"status {phase['status'].replace(' ', '-')}"),
        (f"{phase['done']}/{phase['resources']}", "number"),
        (took, "number"),
        (earlier, "number"),
        (phase.get("message", ""), ""),
    )


def _clock(document: Document) -> str:
    return "Simulated seconds" if document["timeline"]["clock"] == "simulated" else "Real seconds"


def _compared(document: Document) -> Markup:
    """What took noticeably longer or shorter than the last time that the same was done."""
    before = document["previous"].get("resources", {})
    done = [one for one in document["resources"] if one["status"] == "done" and key(one) in before]
    if not done:
        return element("p", "Nothing of this was done in an earlier run that left its report here.", class_="quiet")
    pairs = [(one, one["finished"] - one["started"], before[key(one)]) for one in done]
    differ = [pair for pair in pairs if abs(pair[1] - pair[2]) >= max(1, _NOTICEABLE * pair[2])]
    rows = [
        (
            (element("code", one["name"]), ""),
            (one["op"], ""),
            (duration(now), "number"),
            (duration(then), "number"),
            (f"{duration(abs(now - then))} {(word := 'slower' if now > then else 'faster')}", f"number {word}"),
        )
        for one, now, then in sorted(differ, key=lambda pair: -abs(pair[1] - pair[2]))[:_SHOWN]
    ]
    same = (
        f"{len(done) - len(differ)} of {len(done)} resources took about as long as the last time this was done to them."
    )
    note = element("p", same, class_="quiet")
    return joined([table(("Resource", "Operation", "Took", "Last time", "Difference"), rows), note]) if rows else note


def _changes(document: Document) -> Markup:
    phases: dict[str, dict[str, list[str]]] = {}
    for one in document["resources"]:
        if one["op"] in CHANGES and one["status"] == "done":
            phases.setdefault(one["phase"], {}).setdefault(one["op"], []).append(one["name"])
    if not phases:
        return element("p", "Nothing was changed.")
    order = [phase["name"] for phase in document["phases"]]
    listed = []
    for phase in sorted(phases, key=lambda name: order.index(name) if name in order else len(order)):
        found = {CHANGES[op]: sorted(phases[phase][op]) for op in CHANGES if op in phases[phase]}
        summary = ", ".join(f"{len(each)} {word}" for word, each in found.items())
        lists = [joined([element("h3", word.capitalize()), names(each)]) for word, each in found.items()]
        listed.append(folded(f"{phase or 'outside of phases'}: {summary}", *lists))
    return joined(listed)


def _graph(svg: str) -> Markup:
    label = "Graph of the phases; scrolls sideways"
    return (
        element("div", Markup(svg), class_="wide", role="region", aria_label=label, tabindex="0") if svg else Markup()
    )


def _addresses(document: Document) -> Markup:
    urls = document["urls"].items()
    items = [
        element("li", f"{name}: ", element("a", url, href=url, rel="noreferrer") if url.startswith("https://") else url)
        for name, url in urls
    ]
    note = "They are those of the simulated platform: nothing answers there." if document["simulated"] else ""
    return joined([element("ul", *items), element("p", note, class_="quiet")]) if items else Markup()


def _success(document: Document) -> Markup:
    words = {True: ("held", "status ready"), False: ("failed", "status failed"), None: ("not measured", "status quiet")}
    rows = [
        ((one["metric"], ""), words[one["ok"]], (joined([one["evidence"], names(one["problems"])]), ""))
        for one in document.get("success") or []
    ]
    return table(("Measure", "Result", "Evidence"), rows) if rows else Markup()
