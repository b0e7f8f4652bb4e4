"""The picture in the README shows the program as it is."""

from tests.support.program import ROOT
from tests.support.recording import Recording

PICTURE = ROOT / "docs" / "platform.svg"


def test_the_picture_shows_every_component_of_every_phase(update: Recording) -> None:
    picture = PICTURE.read_text(encoding="utf-8")
    phases = {phase.urn: phase.name for phase in update.phases}
    classes = {one.type.rsplit(":", 1)[-1] for one in update.components if one.parent in phases}
    missing = sorted(name for name in (*phases.values(), *classes) if name not in picture)
    assert not missing, f"draw it anew: make graph STACK=test-cluster, then copy build/graph.svg to {PICTURE.name}"
