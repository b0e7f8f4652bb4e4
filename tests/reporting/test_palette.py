"""Every pair of colours that meets can be told apart, in light and in dark surroundings."""

import pytest

from reporting.palette import PALETTE, PHASE_COLOURS, SHAPES, TEXT, Colour, styled

GROUND = PALETTE["ground"]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.1, with its relative luminance)."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", Colour._fields)
def test_text_and_shapes_have_the_contrast_of_level_aa(scheme: str) -> None:
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005), "as known of that grey: just too little"
    pairs = [(PALETTE[one], PALETTE[other], 4.5) for one, other in TEXT]
    pairs += [(PALETTE[one], PALETTE[other], 3) for one, other in SHAPES]
    pairs += [(one, GROUND, 3) for one in PHASE_COLOURS]
    found = [(getattr(one, scheme), getattr(other, scheme), least) for one, other, least in pairs]
    assert [pair for pair in found if contrast(pair[0], pair[1]) < pair[2]] == [], "too little contrast"


def test_rules_with_a_colour_come_again_for_a_dark_screen() -> None:
    light, dark = styled("p { color: $held-ground; }\nb { font-weight: bold; }").split("@media screen and (", 1)
    assert f"p {{ color: {PALETTE['held-ground'].light}; }}" in light, "the whole name"
    assert f"p {{ color: {PALETTE['held-ground'].dark}; }}" in dark, "and paper stays white"
    assert ("bold" in light, "bold" in dark) == (True, False), "only colours differ"
    with pytest.raises(KeyError, match="grund"):
        styled("p { color: $grund; }")
