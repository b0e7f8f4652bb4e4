"""Raising a generation edits one place of a stack file and leaves every comment and every other line alone."""

import difflib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.stack_file.stacks import SHIPPED, VALID
from tools.rotation import EditError, raised

BEFORE = """\
# my cluster
config:
  home-cluster:cluster:
    name: home # short
  home-cluster:proxmoxApiToken:
    secure: v1:abc=
"""


def _changed(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line.startswith(("+ ", "- "))]


def test_a_number_that_is_there_is_replaced_and_its_comment_stays() -> None:
    text = (
        BEFORE
        + "  home-cluster:rotation:\n    generations:\n      a/b: 1\n      gitea/admin: 2 # leaked\n      c/d: 7\n"
    )
    assert _changed(text, raised(text, "gitea/admin", 3)) == [
        "-       gitea/admin: 2 # leaked",
        "+       gitea/admin: 3 # leaked",
    ], "one number"


def test_a_first_rotation_appends_the_section() -> None:
    assert _changed(BEFORE, raised(BEFORE, "gitea/admin", 2)) == [
        "+ ",
        "+   home-cluster:rotation:",
        "+     generations:",
        "+       gitea/admin: 2",
    ], "after the last section"


def test_what_follows_the_sections_stays_behind_them() -> None:
    text = "encryptionsalt: v1:x=\n" + BEFORE + "# the end\nsecretsprovider: awskms://k\n"
    edited = raised(text, "gitea/admin", 2)
    assert edited.index("rotation") < edited.index("# the end"), "within `config`"
    assert yaml.safe_load(edited)["secretsprovider"] == "awskms://k", "and outside it as before"


@pytest.mark.parametrize(
    ("section", "added"),
    [
        ("  home-cluster:rotation: {}\n", "  home-cluster:rotation: { generations: { gitea/admin: 2 } }"),
        ("  home-cluster:rotation:\n    generations: {}\n", "    generations: { gitea/admin: 2 }"),
        (
            "  home-cluster:rotation:\n    generations: { a/b: 3 } # why\n",
            "    generations: { gitea/admin: 2, a/b: 3 } # why",
        ),
        ("  home-cluster:rotation:\n    generations:\n      # first\n      a/b: 3\n", "      gitea/admin: 2"),
    ],
)
def test_a_section_that_is_there_is_extended_as_it_is_written(section: str, added: str) -> None:
    text = BEFORE + section
    new = [line.removeprefix("+ ") for line in _changed(text, raised(text, "gitea/admin", 2)) if line.startswith("+ ")]
    assert new == [added], "in braces where it is in braces, below where it is below"


def test_a_file_without_a_last_line_break_is_extended() -> None:
    edited = raised(BEFORE.rstrip("\n"), "gitea/admin", 2)
    assert yaml.safe_load(edited)["config"]["home-cluster:rotation"] == {"generations": {"gitea/admin": 2}}, edited


@pytest.mark.parametrize("path", [SHIPPED, *VALID], ids=lambda path: path.stem)
def test_every_valid_file_says_the_same_and_the_new_number(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    edited = raised(text, "gitea/admin", 2)
    before, after = yaml.safe_load(text)["config"], yaml.safe_load(edited)["config"]
    generations = after.pop("home-cluster:rotation")["generations"]
    others = before.pop("home-cluster:rotation", {}).get("generations", {})
    assert generations == {**others, "gitea/admin": 2}, "the new number beside those that were there"
    assert before == after, "everything else"
    lost = [line for line in _changed(text, edited) if line.startswith("- ") and "generations: {" not in line]
    assert lost == [], "no other line changes"


def test_what_cannot_be_edited_safely_is_left_to_the_person() -> None:
    text = "config:\n  home-cluster:a: &shared { generations: { gitea/admin: 1 } }\n  home-cluster:rotation: *shared\n"
    with pytest.raises(EditError, match="write `gitea/admin: 2` below `home-cluster:rotation`"):
        raised(text, "gitea/admin", 2)


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}/[a-z][a-z0-9-]{0,8}", fullmatch=True)


@given(st.dictionaries(NAMES, st.integers(1, 99), max_size=4), NAMES, st.integers(1, 99), st.booleans())
def test_whatever_the_generations_are_only_the_one_asked_for_changes(
    generations: dict[str, int], path: str, number: int, braces: bool
) -> None:
    document = {
        "config": {"home-cluster:cluster": {"name": "x"}, "home-cluster:rotation": {"generations": generations}}
    }
    text = yaml.safe_dump(document, default_flow_style=braces, sort_keys=False)
    edited = yaml.safe_load(raised(text, path, number))
    assert edited["config"]["home-cluster:rotation"]["generations"] == {**generations, path: number}, text
    assert edited["config"]["home-cluster:cluster"] == {"name": "x"}, "the rest"
