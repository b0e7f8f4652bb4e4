"""The plan as a picture: phases as boxes in order, their parts in columns by what they wait for, arrows between.

Drawn as plain SVG for one screen; `lab.layout` says where the parts of a phase stand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from lab.layout import Layout, Slot, arrange
from lab.plan import Part, PhasePlan, Plan, read

_WIDTH: Final = 1600
_MARGIN: Final = 24
_LANE: Final = 52  # right of the boxes: arrows that pass over a phase
_NODE_HEIGHT: Final = 34
_ROW: Final = 39
_HEADER: Final = 27
_GAP: Final = 22
_TITLE: Final = 40
_BEND: Final = 14
_CHARACTER: Final = 6.9  # mean width of a character at 12 px
_SMALL_CHARACTER: Final = 6.3  # at 11 px

_COLOURS: Final = ("#2f6f9f", "#3d7f5f", "#7a5c99", "#a0673a", "#4f6d7a", "#8a5a6a", "#5a6b3a")
_STYLE: Final = """
text { font-family: 'DejaVu Sans', Verdana, Arial, sans-serif; fill: #1d2733; }
.title { font-size: 17px; font-weight: bold; }
.phase { font-size: 14px; font-weight: bold; }
.count { font-size: 12px; fill: #55606c; }
.part { font-size: 12px; }
.kind { font-size: 11px; fill: #55606c; }
.arrow { fill: none; stroke: #7b8794; stroke-width: 1.3; }
.between { fill: none; stroke: #1d2733; stroke-width: 2.4; }
"""


_Rect = tuple[float, float, float]


@dataclass
class _Box:
    """A placed phase: its rectangle, and left edge, top and width of each slot in it."""

    plan: PhasePlan
    x: float
    y: float
    width: float
    height: float
    layout: Layout
    places: dict[str, _Rect] = field(default_factory=dict)


def draw_state(state: Path, target: Path) -> None:
    """Draw the stack of an exported state file."""
    deployment = json.loads(state.read_text(encoding="utf-8"))["deployment"]
    target.write_text(svg(read(deployment)), encoding="utf-8")


def svg(plan: Plan) -> str:
    """The picture of a plan."""
    boxes, y = [], float(_MARGIN + _TITLE)
    for phase in plan.phases:
        box = _place(phase, y)
        boxes.append(box)
        y += box.height + _GAP
    height = round(y - _GAP + _MARGIN)
    body = [*_between(plan, boxes)]
    for index, box in enumerate(boxes):
        body += _draw_box(box, _COLOURS[index % len(_COLOURS)])
    total = sum(phase.resources for phase in plan.phases)
    title = f"{len(plan.phases)} phases, {total} resources; an arrow points from what is needed to what waits for it"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
            f'viewBox="0 0 {_WIDTH} {height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            _marker("small", "#7b8794", 7),
            _marker("large", "#1d2733", 9),
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text class="title" x="{_MARGIN}" y="{_MARGIN + 16}">{escape(title)}</text>',
            *body,
            "</svg>",
            "",
        ]
    )


def _marker(name: str, colour: str, size: int) -> str:
    return (
        f'<defs><marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{size}" markerHeight="{size}" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="{colour}"/></marker></defs>'
    )


def _place(plan: PhasePlan, y: float) -> _Box:
    layout = arrange(plan)
    width = _WIDTH - 2 * _MARGIN - _LANE
    box = _Box(plan, _MARGIN, y, width, _HEADER + max(_tall(column) for column in layout.columns) + 6, layout)
    pitch = (width - 16) / len(layout.columns)
    node = min(pitch - 30, 210)
    for number, column in enumerate(layout.columns):
        top = y + _HEADER + (box.height - _HEADER - 6 - _tall(column)) / 2
        for slot in column:
            box.places[slot.key] = (box.x + 8 + number * pitch + (pitch - node) / 2, top, node)
            top += _ROW if slot.part else _BEND
    return box


def _tall(column: list[Slot]) -> float:
    return sum(_ROW if slot.part else _BEND for slot in column)


def _draw_box(box: _Box, colour: str) -> list[str]:
    shapes = [
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}" rx="8" '
        f'fill="{colour}" fill-opacity="0.07" stroke="{colour}" stroke-width="1.6"/>',
        f'<text class="phase" x="{box.x + 12:.0f}" y="{box.y + 20:.0f}">{escape(box.plan.name)}</text>',
        f'<text class="count" x="{box.x + box.width - 12:.0f}" y="{box.y + 20:.0f}" text-anchor="end">'
        f"{box.plan.resources} resources</text>",
    ]
    bends = {slot.key for column in box.layout.columns for slot in column if not slot.part}
    shapes += [_arrow(box, route, bends) for route in box.layout.routes.values()]
    for part in box.plan.parts:
        shapes += _draw_part(part, box.places[part.key], colour)
    return shapes


def _draw_part(part: Part, place: _Rect, colour: str) -> list[str]:
    x, y, width = place
    middle = x + width / 2
    title = _fit(part.title, width, _CHARACTER)
    return [
        f"<g><title>{escape(f'{part.title}: {part.kind}, {part.size} resources')}</title>",
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_NODE_HEIGHT}" rx="5" fill="#ffffff" '
        f'stroke="{colour}"/>',
        f'<text class="part" x="{middle:.1f}" y="{y + 15:.1f}" text-anchor="middle">{title}</text>',
        f'<text class="kind" x="{middle:.1f}" y="{y + 28:.1f}" text-anchor="middle">'
        f"{_fit(f'{part.kind} ({part.size})', width, _SMALL_CHARACTER)}</text></g>",
    ]


def _fit(text: str, width: float, character: float) -> str:
    """The text, shortened to a width."""
    room = int((width - 6) / character)
    return escape(text if len(text) <= room else f"{text[: room - 1]}…")


def _arrow(box: _Box, route: list[str], bends: set[str]) -> str:
    """A curve from the right edge of a part, through its bend points, to the left edge of another."""
    x, y, width = box.places[route[0]]
    path, x, y = f"M{x + width:.1f} {y + _NODE_HEIGHT / 2:.1f}", x + width, y + _NODE_HEIGHT / 2
    for station in route[1:]:
        left, top, width = box.places[station]
        middle = top + (_BEND if station in bends else _NODE_HEIGHT) / 2
        bend = (left - x) / 2
        path += f" C{x + bend:.1f} {y:.1f} {left - bend:.1f} {middle:.1f} {left:.1f} {middle:.1f}"
        x, y = left, middle
        if station in bends:
            x = left + width
            path += f" L{x:.1f} {y:.1f}"
    return f'<path class="arrow" d="{path}" marker-end="url(#small)"/>'


def _between(plan: Plan, boxes: list[_Box]) -> list[str]:
    """Arrows between phases: straight down to the next one, through the lane on the right past others."""
    order: Mapping[str, int] = {box.plan.name: index for index, box in enumerate(boxes)}
    shapes, lane = [], 0
    for start, end in sorted(plan.edges, key=lambda edge: (order[edge[1]] - order[edge[0]], order[edge[0]])):
        first, last = boxes[order[start]], boxes[order[end]]
        if order[end] == order[start] + 1:
            x = first.x + first.width / 2
            path = f"M{x:.0f} {first.y + first.height:.0f} L{x:.0f} {last.y:.0f}"
        else:
            lane += 1
            right = first.x + first.width
            x = right + min(_LANE - 8, 22 * lane)
            y1, y2 = first.y + first.height / 2, last.y + last.height / 2
            path = f"M{right:.0f} {y1:.0f} C{x:.0f} {y1:.0f} {x:.0f} {y1:.0f} {x:.0f} {y1 + 40:.0f} "
            path += f"L{x:.0f} {y2 - 40:.0f} C{x:.0f} {y2:.0f} {x:.0f} {y2:.0f} {right:.0f} {y2:.0f}"
        shapes.append(f'<path class="between" d="{path}" marker-end="url(#large)"/>')
    return shapes
