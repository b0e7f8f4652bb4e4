"""The recording of the demo: what a command shows in a terminal, and the picture that plays it."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.support.program import ROOT
from tools.recording.cast import Cast, read, recorded, write
from tools.recording.picture import picture
from tools.recording.screen import Screen


def test_a_terminal_is_recorded_and_comes_back_from_its_file(tmp_path: Path) -> None:
    said = "import os, sys; print('wide', os.get_terminal_size().columns, sys.stdout.isatty())"
    cast, code = recorded([sys.executable, "-c", said], 91, 7, ROOT)
    assert (code, "".join(text for _, text in cast.events)) == (0, "wide 91 True\r\n"), "as in a terminal of that size"
    write(cast, tmp_path / "a.cast", "a")
    assert read(tmp_path / "a.cast") == cast, "what a player gets"


def test_a_screen_shows_what_a_terminal_would() -> None:
    screen = Screen(rows=2, columns=20)
    screen.feed("gone\r\n\x1b[1;32mphase\x1b[0m 1/2\r\nall\r\n\x1b[2A\r\x1b[2Kphase 2/2\r\n")
    lines = ["".join(character for character, _ in line) for line in screen.shown()]
    assert [line.rstrip() for line in lines] == ["all", ""], "scrolled"
    assert "".join(character for character, _ in screen.lines[1]) == "phase 2/2", "written over, and the old is erased"
    screen.feed("\x1b[31mx")
    assert screen.lines[screen.row][0] == ("x", "red"), "in colour"
    screen.feed("\r\n" + "longer than a row is\r\n" + "and a row that goes on")
    lines = ["".join(character for character, _ in line) for line in screen.shown()]
    assert lines == ["and a row that goes ", "on"], "it goes on below, and not for a row that is just full"


def test_the_picture_begins_with_the_end_and_loads_nothing() -> None:
    cast = Cast(40, 4, [(float(second), f"step {second} <&>\r\n") for second in range(20)])
    tree = ET.fromstring(picture(cast, "make demo"))  # noqa: S314 - written here
    text = {one.get("id"): "".join(one.itertext()) for one in tree.iter() if one.get("id")}
    (first, *_) = [one for one in tree.iter() if one.tag.endswith("use")]
    assert text[str(first.get("href")).removeprefix("#")] == "step 17 <&>", "who sees no motion sees how it ends"
    links = [value for one in tree.iter() for key, value in one.items() if key.endswith("href")]
    assert all(link.startswith("#") for link in links), "no network"


def test_the_picture_in_the_docs_is_of_a_whole_demo() -> None:
    text = (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8")
    assert "second preview: no change" in text
    assert "nothing outside build/demo is changed" in text, "no path of a machine"
    assert "docs/demo.svg" in (ROOT / "README.md").read_text(encoding="utf-8"), "where a reader looks first"
