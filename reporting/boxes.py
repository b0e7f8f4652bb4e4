"""Where the phases of a picture and the parts in them stand, and the paths of the arrows between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from reporting.layout import Layout, Slot, arrange
from reporting.plan import PhasePlan, Plan

WIDTH: Final = 1600
MARGIN: Final = 24
NODE_HEIGHT: Final = 34
_LANE: Final = 52  # right of the boxes: arrows that pass over a phase
_ROW: Final = 39
_HEADER: Final = 27
_GAP: Final = 22
_TITLE: Final = 40
_BEND: Final = 14

Rect = tuple[float, float, float]


@dataclass
class Box:
    """A placed phase: its rectangle, and left edge, top and width of each slot in it."""

    plan: PhasePlan
    x: float
    y: float
    width: float
    height: float
    layout: Layout
    places: dict[str, Rect] = field(default_factory=dict)


def stack(plan: Plan) -> tuple[list[Box], int]:
    """The phases below each other, and the height of all."""
    boxes, y = [], float(MARGIN + _TITLE)
    for phase in plan.phases:
        box = _place(phase, y)
        boxes.append(box)
        y += box.height + _GAP
    return boxes, round(y - _GAP + MARGIN)


def _place(plan: PhasePlan, y: float) -> Box:
    layout = arrange(plan)
    width = WIDTH - 2 * MARGIN - _LANE
    box = Box(plan, MARGIN, y, width, _HEADER + max(_tall(column) for column in layout.columns) + 6, layout)
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


def arrow(box: Box, route: list[str], bends: set[str]) -> str:
    """A curve from the right edge of a part, through its bend points, to the left edge of another."""
    x, y, width = box.places[route[0]]
    path, x, y = f"M{x + width:.1f} {y + NODE_HEIGHT / 2:.1f}", x + width, y + NODE_HEIGHT / 2
    for station in route[1:]:
        left, top, width = box.places[station]
        middle = top + (_BEND if station in bends else NODE_HEIGHT) / 2
        bend = (left - x) / 2
        path += f" C{x + bend:.1f} {y:.1f} {left - bend:.1f} {middle:.1f} {left:.1f} {middle:.1f}"
        x, y = left, middle
        if station in bends:
            x = left + width
            path += f" L{x:.1f} {y:.1f}"
    return f'<path class="arrow" d="{path}" marker-end="url(#small)"/>'


def between(plan: Plan, boxes: list[Box]) -> list[str]:
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
