"""The colours of the report and of the picture, for light and for dark surroundings.

Each pair that meets is in `TEXT` or `SHAPES`, with the contrast that WCAG 2.1 asks of level AA (1.4.3, 1.4.11).
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Final, NamedTuple


class Colour(NamedTuple):
    """One colour, in light and in dark surroundings."""

    light: str
    dark: str


PALETTE: Final[Mapping[str, Colour]] = {
    "ground": Colour("#ffffff", "#12161b"),
    "raised": Colour("#f3f5f7", "#1c2229"),
    "ink": Colour("#1d2733", "#e4e9ef"),
    "quiet": Colour("#525c68", "#a5b0bc"),
    "rule": Colour("#d3d9df", "#39424d"),
    "arrow": Colour("#76828f", "#7d8997"),
    "link": Colour("#1a5f96", "#7cbcf0"),
    "ready": Colour("#1c6b3c", "#79d29a"),
    "failed": Colour("#a8231b", "#ff9c92"),
    "failed-ground": Colour("#fbdcd8", "#4b1a17"),
    "held": Colour("#6d4a94", "#c9a8f0"),
    "held-ground": Colour("#eceef1", "#262c34"),
    "under-way": Colour("#865400", "#f0b858"),
    "bar": Colour("#6b8fb3", "#5580ab"),
    "critical": Colour("#b4540a", "#f59a4a"),
}
PHASE_COLOURS: Final = (
    Colour("#2f6f9f", "#62a8db"),
    Colour("#3d7f5f", "#63b48d"),
    Colour("#7a5c99", "#b596d6"),
    Colour("#a0673a", "#d59a6c"),
    Colour("#4f6d7a", "#86aab9"),
    Colour("#8a5a6a", "#c793a4"),
    Colour("#5a6b3a", "#9db275"),
)
"""Of the phases of the picture, in turn."""

TEXT: Final = (
    *((text, ground) for text in ("ink", "quiet", "link") for ground in ("ground", "raised", "held-ground")),
    *((text, "ground") for text in ("ready", "failed", "held", "under-way", "critical")),
    *((text, "raised") for text in ("ready", "failed", "held", "under-way", "critical")),
    ("ink", "failed-ground"),
    ("failed", "failed-ground"),
)
"""Text and what is behind it: at least 4.5 to 1."""
SHAPES: Final = (
    *((shape, "ground") for shape in ("arrow", "ink", "ready", "failed", "held", "under-way", "critical", "bar")),
    ("bar", "raised"),
    ("critical", "raised"),
    ("arrow", "held-ground"),
)
"""Lines and bars that tell something, and what is behind them: at least 3 to 1; and `PHASE_COLOURS` on `ground`."""

_NAMES: Final[Mapping[str, Colour]] = {
    **PALETTE,
    **{f"phase{number}": colour for number, colour in enumerate(PHASE_COLOURS)},
}


class _Rules(string.Template):
    idpattern = "[a-z][a-z0-9-]*"


def styled(rules: str) -> str:
    """Rules of CSS, each in one line, in which `$name` is a colour; those with one again for a dark screen.

    Colours are written out instead of as variables, which not every program that shows a picture knows.
    """
    dark = "\n".join(line for line in rules.splitlines() if "$" in line)
    light, dark = (
        _Rules(text).substitute({name: getattr(colour, scheme) for name, colour in _NAMES.items()})
        for text, scheme in ((rules, "light"), (dark, "dark"))
    )
    return f"{light.strip()}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
