"""Where a person is led to, and on every page, there are symptom, cause, diagnose, fix and prevent."""

import re
from pathlib import Path

import pytest

from tests.support.program import ROOT
from tests.test_runbooks import led_to

PARTS = ("symptom", "cause", "diagnose", "fix", "prevent")
PAGES = sorted(one for one in (ROOT / "docs" / "runbooks").glob("*.md") if one.name != "README.md")
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)
_NAMED = re.compile(r"\*\*([^*]+)\*\*|^#+ (.*)$|^\| ([^\n]*) \|\n\| ---", re.MULTILINE)
_LIKE = re.compile(r"\b[Aa]s \[[^\]]*\]\(#([\w-]+)\)")


def sections(text: str) -> dict[str, str]:
    """Text below each heading by its anchor, down to the next one of the same or a higher level."""
    plain = _FENCE.sub("", text)
    found, headings = {}, [*_HEADING.finditer(plain)]
    for number, one in enumerate(headings):
        end = next((other.start() for other in headings[number + 1 :] if len(other[1]) <= len(one[1])), len(plain))
        found[re.sub(r"[^\w\- ]", "", one[2].lower()).replace(" ", "-")] = plain[one.start() : end]
    return found


def missing(text: str, whole: dict[str, str]) -> list[str]:
    """Parts that no bold word, heading or head of a table of the section names; of one as another, those of that."""
    if like := _LIKE.search(text):
        return missing(whole[like[1]], whole)
    named = " ".join(word for found in _NAMED.findall(text) for word in found).lower()
    return [part for part in PARTS if part not in named]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_a_section_that_is_whole(page: Path) -> None:
    whole = sections(page.read_text(encoding="utf-8"))
    assert any(missing(text, whole) == [] for text in whole.values()), "how is it seen, why, what then, never again"


def test_whoever_is_led_to_a_section_finds_all_five_parts() -> None:
    short = []
    for runbook in sorted(led_to()):
        file, _, anchor = runbook.partition("#")
        if file.endswith("/README.md"):
            continue  # the list of all
        whole = sections((ROOT / file).read_text(encoding="utf-8"))
        title = next(iter(whole))
        divided = {*PARTS} <= {*whole}
        lacks = missing(whole.get(title if divided or not anchor else anchor, ""), whole)
        short += [f"{runbook}: {', '.join(lacks)}"] * bool(lacks)
    assert short == []


def test_a_part_that_is_missing_is_found() -> None:
    page = "# Page\n\n**Symptom.** x\n\n| cause | fix |\n| --- | --- |\n\n"
    whole = sections(f"{page}## Prevent\n\n```sh\n# **Diagnose**\n```\n\n## B\n\nAs [a](#prevent).\n")
    assert missing(whole["page"].partition("## B")[0], whole) == ["diagnose"], "a comment in a block is none"
    assert missing(whole["prevent"], whole) == missing(whole["b"], whole) == ["symptom", "cause", "diagnose", "fix"]
