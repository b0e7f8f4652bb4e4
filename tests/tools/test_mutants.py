"""Defects of the catalogue can be planted, lie in every component, and one that no test notices is told apart."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.program import ROOT
from tools.failure_listing import catalogue as failures
from tools.failure_listing import marked
from tools.mutants import planting
from tools.mutants.catalogue import Mutant, catalogue, chosen, lots, misplaced
from tools.mutants.planting import Verdict
from tools.mutants.report import LIVING, NOT_RUN, Report, state, without

_LEAST = 150
CATALOGUE = catalogue()
DEFECT = Mutant(file="components/shop/price.py", was="SIGN = 1", becomes="SIGN = -1")
UNSEEN = replace(DEFECT, was='"price"', becomes='"prise"')


def test_each_stands_where_it_is_said_to_and_every_folder_of_components_has_one() -> None:
    assert [wrong for one in CATALOGUE if (wrong := misplaced(one)) is not None] == []
    assert len(set(map(str, CATALOGUE))) == len(CATALOGUE) >= _LEAST
    folders = {path.name for path in (ROOT / "components").iterdir() if (path / "__init__.py").exists()}
    assert folders <= {one.room.partition("/")[2] for one in CATALOGUE}, "a new component has defects to plant"


def test_a_class_of_failures_that_a_defect_brings_back_is_one_with_a_test() -> None:
    assert {one.failure for one in CATALOGUE if one.failure} <= marked().keys()
    assert without(CATALOGUE) == [], "a new class has a defect to plant"
    everything = [key for rows in failures().values() for key in rows]
    assert without([DEFECT, replace(DEFECT, failure=everything[0])]) == everything[1:]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A program of one component, whose test notices its sign and not its name; another fails whatever is planted."""
    for name, text in {
        "components/shop/price.py": 'SIGN = 1\nNAME = "price"\n',
        "tests/components/shop/test_price.py": "from components.shop.price import SIGN\n\n\n"
        "def test_a_price_is_positive():\n    assert SIGN > 0\n",
        "tests/components/test_facts.py": "",
        "tests/invariants/test_none.py": "import pytest\n\n\n@pytest.mark.failure('sign')\n"
        "def test_nothing_holds():\n    assert False\n",
        "pytest.ini": "[pytest]\nmarkers =\n    real\n    failure\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_who_noticed_is_named_and_the_file_is_as_it_was(tree: Path) -> None:
    path = tree / DEFECT.file
    before, written = path.read_bytes(), path.stat().st_mtime_ns
    planting.prepare(tree)
    found = planting.verdict(DEFECT, tree)
    assert found.killed_by == ["tests/components/shop/test_price.py::test_a_price_is_positive"]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, written)
    assert planting.broken(found.killed_by, tree) == [], "without the defect they pass"


@pytest.mark.parametrize("tests", [(), ("components/shop/test_price.py",)])
def test_a_defect_that_nobody_notices_lives_whatever_fails_without_it(tree: Path, tests: Sequence[str]) -> None:
    assert planting.verdict(replace(UNSEEN, tests=tests), tree).killed_by == []


def test_of_the_tests_that_carry_the_marker_of_a_class_the_slow_ones_are_asked_last_and_always(tree: Path) -> None:
    quick, slow = "tests/invariants/test_none.py", "tests/engine/test_up.py"
    mark = "import pytest\nfrom components.shop.price import SIGN\n\n\n@pytest.mark.failure('sign')\n"
    for file, test in {quick: "def test_a(): ...\n", slow: "def test_up():\n    assert SIGN > 0\n"}.items():
        (tree / file).parent.mkdir(exist_ok=True)
        (tree / file).write_text(mark + test, encoding="utf-8")
    of_a_class = replace(DEFECT, failure="sign")
    assert list(lots(of_a_class, tree)) == [[f"{quick}::test_a"], [f"{slow}::test_up"]]
    assert planting.verdict(of_a_class, tree, first_alone=True).killed_by == [f"{slow}::test_up"]


def test_a_defect_that_only_a_test_which_skips_itself_might_notice_was_not_run(tree: Path) -> None:
    skips = "import pytest\n\n\ndef test_name():\n    pytest.skip('no charts')\n"
    (tree / "tests/components/shop/test_name.py").write_text(skips, encoding="utf-8")
    asked = replace(UNSEEN, tests=("components/shop/test_price.py", "components/shop/test_name.py"))
    assert state(planting.verdict(asked, tree)) == NOT_RUN
    assert state(planting.verdict(replace(asked, tests=asked.tests[:1]), tree, first_alone=True)) == LIVING


def test_what_fails_with_no_defect_planted_has_noticed_none(tree: Path) -> None:
    fails, passes = "tests/invariants/test_none.py::test_nothing_holds", "tests/a.py::test_a"
    assert planting.broken([fails], tree) == [fails]
    kept = Report(path=tree / "build" / "mutants.json", root=tree)
    kept.add(DEFECT, Verdict(killed_by=[passes, fails], ran=2, seconds=0.1))
    kept.add(UNSEEN, Verdict(killed_by=[fails], ran=1, seconds=0.1))
    kept.forget([fails])
    assert [kept.killers(one) for one in (DEFECT, UNSEEN)] == [[passes, fails], ()]


def test_what_does_not_stand_there_once_or_names_no_test_is_refused(tree: Path) -> None:
    assert misplaced(DEFECT, tree) is None
    for wrong in (replace(DEFECT, was="SIGN = 2"), replace(DEFECT, was="\n"), replace(DEFECT, tests=("test_no.py",))):
        assert misplaced(wrong, tree) is not None


def test_parts_are_all_of_it_once_and_a_room_is_a_folder_of_components() -> None:
    parts = [one for number in range(1, 4) for one in chosen(CATALOGUE, part=f"{number}/3")]
    assert sorted(map(str, parts)) == sorted(map(str, CATALOGUE))
    assert {one.room for one in chosen(CATALOGUE, only="vault")} == {"components/vault"}
    for given in ({"part": "4/3"}, {"part": "0/3"}, {"part": "third"}, {"only": "grocery"}):
        with pytest.raises(ValueError, match=next(iter(given.values()))):
            chosen(CATALOGUE, **given)


def test_parts_add_up_and_what_was_noticed_is_asked_again_once_something_changed(tree: Path) -> None:
    kept = Report(path=tree / "build" / "mutants.json", root=tree)
    kept.add(DEFECT, Verdict(killed_by=["tests/a.py::test_a"], ran=1, seconds=2.5))
    kept.add(UNSEEN, Verdict(killed_by=[], ran=4, seconds=9.5))
    found = Report(path=kept.path, root=tree)
    assert not found.noticed(DEFECT), "it began before"
    found.add(replace(DEFECT, was="="), Verdict(killed_by=[], ran=1, seconds=0.1))
    assert [found.noticed(DEFECT), found.noticed(UNSEEN)] == [True, False]
    rows = found.page([DEFECT, UNSEEN, replace(DEFECT, was="other")]).splitlines()
    assert rows[2] == "planted 3, noticed 1, living 1, not run 1."
    assert {"| components/shop | 3 | 1 | 1 | 1 |", f"- `{UNSEEN}`", f"- `{UNSEEN}`: nobody"} <= set(rows)
    (tree / "tests/components/shop/test_price.py").write_text("", encoding="utf-8")
    assert not found.noticed(DEFECT), "the test is another one"
