"""The timeline of the report page: bars of the phases, and of what took longest in them."""

from __future__ import annotations

from typing import Final

from reporting.document import Document, key
from reporting.markup import Markup, element, joined

_LONGEST: Final = 15
_CRITICAL: Final = "critical "
_MINUTE: Final = 60
_HOUR: Final = 3600
_AS_SECONDS: Final = 120


def duration(seconds: float) -> str:
    """A number of seconds for people."""
    whole = round(seconds)
    if whole < _AS_SECONDS:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def timeline(document: Document) -> Markup:
    """Phases and resources along one axis, and the critical path in words; empty where nothing took any time."""
    end = document["timeline"]["seconds"]
    if not end:
        return Markup()
    phases = [
        _bar(one["name"], one["status"], one["begun"], one["begun"] + one["seconds"], end)
        for one in document["phases"]
        if one["seconds"]
    ]
    path = {key(one) for one in document["criticalPath"]}
    timed = [one for one in document["resources"] if one["finished"] != one["started"]]
    longest = sorted(timed, key=lambda one: one["started"] - _ended(one, end))[:_LONGEST]
    resources = [
        _bar(one["name"], _CRITICAL * (key(one) in path) + one["status"], one["started"], _ended(one, end), end)
        for one in timed
        if one in longest or key(one) in path or one["status"] == "failed"
    ]
    listed = [
        element("h3", "Phases"),
        element("ol", _axis(end), *phases, class_="bars"),
        element("h3", f"Resources: the {len(longest)} that took longest, and the critical path"),
        element("ol", _axis(end), *resources, class_="bars"),
    ]
    return joined([_clock(document), *listed, _path(document)])


def _ended(resource: Document, end: float) -> float:
    finished: float | None = resource["finished"]
    return end if finished is None else finished


def _bar(name: str, kind: str, start: float, finish: float, end: float) -> Markup:
    place = f"left:{100 * start / end:.2f}%;width:{100 * (finish - start) / end:.2f}%"
    words = f"{name}: from {duration(start)} to {duration(finish)}"
    return element(
        "li",
        element("span", f"{'◆ ' if _CRITICAL in kind else ''}{name}", class_="name"),
        element("span", element("span", class_="bar", style=place, title=words), class_="track"),
        element("span", duration(finish - start), class_="number"),
        class_=kind,
    )


def _axis(end: float) -> Markup:
    marks = [element("span", duration(end * share)) for share in (0, 0.5, 1)]
    return element("li", element("span"), element("span", *marks, class_="track"), element("span"), class_="axis")


def _clock(document: Document) -> Markup:
    text = "Seconds since the operation began, by the engine's events."
    if document["timeline"]["clock"] == "simulated":
        text = (
            "Simulated seconds, as the lab spends none: each resource takes what its like would take on a small home "
            "server, and begins once what it needs is finished."
        )
    return element("p", text, class_="quiet")


def _path(document: Document) -> Markup:
    path = [one for one in document["criticalPath"] if one["finished"] > one["started"]]
    if not path:
        return Markup()
    spent = sum(one["finished"] - one["started"] for one in path)
    text = (
        f"◆ Critical path, {duration(spent)} of {duration(document['timeline']['seconds'])}: what determined the end. "
        "It goes back from what was finished last, each time to what was finished last of all that this one needs."
    )
    steps = [
        element("li", element("code", one["name"]), f" {duration(one['finished'] - one['started'])}") for one in path
    ]
    return joined([element("p", text), element("details", element("summary", "its steps"), element("ol", *steps))])
