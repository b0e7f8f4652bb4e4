"""A recording as one SVG that plays by itself: frames above each other, of which a window shows one after the other.

Nothing is loaded. Who asks for no motion, and programs that know no animation, see the last frame, which is the first
of the strip. Light and dark follow the reader's.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from tools.recording.cast import Cast
from tools.recording.screen import Cell, Screen

_WIDTH, _HEIGHT, _MARGIN = 8.4, 18, 14
_FRAMES = 60
_SECONDS, _STAYS = 24.0, 8.0
"""How long it plays, and how long the end is seen."""
_STYLE = """
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:#1f2328}
.back{fill:#f6f8fa;stroke:#d0d7de}.bold{font-weight:700}.dim{opacity:.65}.green{fill:#116329}.red{fill:#a40e26}
.yellow{fill:#7d4e00}.blue{fill:#0550ae}.magenta{fill:#8250df}.cyan{fill:#0e5a6b}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.back{fill:#0d1117;stroke:#30363d}.green{fill:#56d364}.red{fill:#ff7b72}
.yellow{fill:#e3b341}.blue{fill:#79c0ff}.magenta{fill:#d2a8ff}.cyan{fill:#76e3ea}}
@media(prefers-reduced-motion:reduce){.strip{animation:none!important}}
"""
Lines = tuple[tuple[Cell, ...], ...]


def frames(cast: Cast, command: str) -> list[Lines]:
    """At most so many screens, evenly over the recording; the last one is the end. Above it all, what was typed."""
    screen, step = Screen(cast.rows, cast.columns), cast.events[-1][0] / _FRAMES
    screen.feed(f"\x1b[1m$ {command}\x1b[0m\r\n")
    found, due = [screen.shown()], step
    for at, text in cast.events:
        if at > due:
            found.append(screen.shown())
            due = at + step
        screen.feed(text)
    return [*(one for one, _ in groupby(found)), screen.shown()]


def picture(cast: Cast, command: str) -> str:
    """The text of the SVG."""
    shown = frames(cast, command)
    strip, known = [shown[-1], *shown], dict[tuple[Cell, ...], str]()
    high, wide = cast.rows * _HEIGHT + 2 * _MARGIN, round(cast.columns * _WIDTH + 2 * _MARGIN)
    body = "\n".join(_frame(lines, number * high, known) for number, lines in enumerate(strip))
    defined = "\n".join(_line(line, name) for line, name in known.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" '
        f'width="{wide}" height="{high}" role="img">\n'
        f"<title>{escape(command)}, played faster</title>\n<style>{_STYLE}{_motion(len(strip), high)}</style>\n"
        f"<defs>\n{defined}\n</defs>\n"
        f'<rect class="back" x=".5" y=".5" width="{wide - 1}" height="{high - 1}" rx="8"/>\n'
        f'<svg x="0" y="{_MARGIN}" width="{wide}" height="{high - 2 * _MARGIN}">'
        f'<g class="strip">\n{body}\n</g></svg>\n</svg>\n'
    )


def _motion(count: int, high: int) -> str:
    whole = _SECONDS + _STAYS
    each = _SECONDS / (count - 2)
    moves = "".join(f"{(at - 1) * each / whole:.4%}{{transform:translateY({-at * high}px)}}" for at in range(1, count))
    return f"@keyframes play{{{moves}}}.strip{{animation:play {whole:.0f}s step-end infinite}}\n"


def _frame(lines: Lines, top: int, known: dict[tuple[Cell, ...], str]) -> str:
    uses: Iterator[str] = (
        f'<use href="#{known.setdefault(line, f"l{len(known)}")}" y="{top + (number + 1) * _HEIGHT - 4}"/>'
        for number, line in enumerate(lines)
        if line
    )
    return "".join(uses)


def _line(line: Sequence[Cell], name: str) -> str:
    spans, column = [], 0
    for style, cells in groupby(line, key=lambda cell: cell[1]):
        text = "".join(character for character, _ in cells)
        if text.strip():
            # Each has its place, whatever the width of the reader's font.
            place = f' x="{_MARGIN + column * _WIDTH:.1f}" textLength="{len(text) * _WIDTH:.1f}"'
            spans.append(f"<tspan{place}{f' class={chr(34)}{style}{chr(34)}' if style else ''}>{escape(text)}</tspan>")
        column += len(text)
    return f'<text id="{name}" xml:space="preserve">{"".join(spans)}</text>'
