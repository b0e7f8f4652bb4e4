"""The plan as a picture: phases as boxes in order, their parts in columns by what they wait for, arrows between.

Drawn as plain SVG for one screen; `reporting.boxes` says where everything stands. After a failure, what failed, what it
holds back and what was not reached are marked, in words as well as in colour.
"""

from __future__ import annotations

from collections import Counter
from typing import Final
from xml.sax.saxutils import escape

from reporting.boxes import MARGIN, NODE_HEIGHT, WIDTH, Box, Rect, arrow, between, stack
from reporting.fates import Ending, Fate
from reporting.palette import PHASE_COLOURS, styled
from reporting.plan import Part, Plan

_CHARACTER: Final = 6.9  # mean width of a character at 12 px
_SMALL_CHARACTER: Final = 6.3  # at 11 px

_STYLE: Final = styled(
    """
.graph text { font-family: 'DejaVu Sans', Verdana, Arial, sans-serif; fill: $ink; }
.graph .title { font-size: 17px; font-weight: bold; }
.graph .phase { font-size: 14px; font-weight: bold; }
.graph .count { font-size: 12px; fill: $quiet; }
.graph .part { font-size: 12px; }
.graph .kind { font-size: 11px; fill: $quiet; }
.graph .arrow { fill: none; stroke: $arrow; stroke-width: 1.3; }
.graph .between { fill: none; stroke: $ink; stroke-width: 2.4; }
.graph .small { fill: $arrow; }
.graph .large { fill: $ink; }
.graph .ground { fill: $ground; }
.graph rect { stroke-width: 1.6; }
"""
    + "".join(
        f".graph .box{number} {{ fill: $phase{number}; fill-opacity: 0.07; stroke: $phase{number}; }}\n"
        f".graph .part{number} {{ fill: $ground; stroke: $phase{number}; stroke-width: 1; }}\n"
        for number in range(len(PHASE_COLOURS))
    )
    + """
.graph .failed rect { fill: $failed-ground; fill-opacity: 1; stroke: $failed; stroke-width: 2.6; }
.graph .failed .count, .graph .failed .kind { fill: $failed; font-weight: bold; }
.graph .blocked rect { fill: $held-ground; fill-opacity: 1; stroke: $arrow; stroke-width: 1.6; stroke-dasharray: 6 4; }
.graph .not-reached rect { fill: $ground; stroke: $arrow; stroke-dasharray: 2 4; }
"""
)


def svg(plan: Plan) -> str:
    """The picture of a plan."""
    boxes, height = stack(plan)
    body = [*between(plan, boxes)]
    for index, box in enumerate(boxes):
        body += _draw_box(box, index % len(PHASE_COLOURS))
    title = f"{_summary(plan)}; an arrow points from what is needed to what waits for it"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img" class="graph">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            _marker("small", 7),
            _marker("large", 9),
            f'<rect class="ground" width="{WIDTH}" height="{height}"/>',
            f'<text class="title" x="{MARGIN}" y="{MARGIN + 16}">{escape(title)}</text>',
            *body,
            "</svg>",
            "",
        ]
    )


def _summary(plan: Plan) -> str:
    text = f"{len(plan.phases)} phases, {sum(phase.resources for phase in plan.phases)} resources"
    fates = Counter(phase.ending.fate for phase in plan.phases)
    counts = ", ".join(f"{fates[fate]} {fate}" for fate in Fate if fates[fate])
    return text if fates[Fate.DONE] == len(plan.phases) else f"{text}: {counts}"


def _told(ending: Ending) -> str:
    """What became of something, in words; empty when it is done."""
    names = ", ".join(urn.rsplit("::", 1)[-1] for urn in ending.by)
    wordings = {Fate.FAILED: f"failed: {names}", Fate.BLOCKED: f"blocked by {names}", Fate.NOT_REACHED: "not reached"}
    return wordings.get(ending.fate, "")


def _group(ending: Ending) -> str:
    return f'<g class="{ending.fate.replace(" ", "-")}">'


def _marker(name: str, size: int) -> str:
    return (
        f'<defs><marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{size}" markerHeight="{size}" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path class="{name}" d="M0 0 L10 5 L0 10 z"/></marker></defs>'
    )


def _draw_box(box: Box, colour: int) -> list[str]:
    told = _told(box.plan.ending)
    count = f"{box.plan.resources} resources" + (f", {told}" if told else "")
    shapes = [
        _group(box.plan.ending),
        f'<rect class="box{colour}" x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" '
        f'height="{box.height:.0f}" rx="8"/>',
        f'<text class="phase" x="{box.x + 12:.0f}" y="{box.y + 20:.0f}">{escape(box.plan.name)}</text>',
        f'<text class="count" x="{box.x + box.width - 12:.0f}" y="{box.y + 20:.0f}" text-anchor="end">'
        f"{escape(count)}</text></g>",
    ]
    bends = {slot.key for column in box.layout.columns for slot in column if not slot.part}
    shapes += [arrow(box, route, bends) for route in box.layout.routes.values()]
    for part in box.plan.parts:
        shapes += _draw_part(part, box.places[part.key], colour)
    return shapes


def _draw_part(part: Part, place: Rect, colour: int) -> list[str]:
    x, y, width = place
    middle = x + width / 2
    title, told = _fit(part.title, width, _CHARACTER), _told(part.ending)
    words = ", ".join(filter(None, (part.kind, part.source, f"{part.size} resources", told)))
    return [
        _group(part.ending),
        f"<title>{escape(f'{part.title}: {words}')}</title>",
        f'<rect class="part{colour}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{NODE_HEIGHT}" rx="5"/>',
        f'<text class="part" x="{middle:.1f}" y="{y + 15:.1f}" text-anchor="middle">{title}</text>',
        f'<text class="kind" x="{middle:.1f}" y="{y + 28:.1f}" text-anchor="middle">'
        f"{_fit(told or f'{part.kind} ({part.size})', width, _SMALL_CHARACTER)}</text></g>",
    ]


def _fit(text: str, width: float, character: float) -> str:
    """The text, shortened to a width."""
    room = int((width - 6) / character)
    return escape(text if len(text) <= room else f"{text[: room - 1]}…")
