"""Every class of failures has a test that says so, and no test says so of a class that nobody described."""

from pathlib import Path

from tools import failure_listing


def test_each_failure_has_a_test_and_a_kind_and_each_marker_a_failure() -> None:
    failures = {key: one for rows in failure_listing.catalogue().values() for key, one in rows.items()}
    assert failures.keys() == failure_listing.marked().keys(), "add the marker to the test that fails, or the row"
    assert {one.kind for one in failures.values()} == failure_listing.KINDS.keys()


def test_the_page_is_fresh() -> None:
    assert failure_listing.TARGET.read_text(encoding="utf-8") == failure_listing.text(), "run: make generate"


def test_a_marker_is_found_with_all_its_keys_and_only_on_tests(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_one.py").write_text(
        'import pytest\n\n@pytest.mark.failure("a", "b")\n@pytest.mark.real\ndef test_x() -> None: ...\n'
        '\n# @pytest.mark.failure("c")\ndef test_y() -> None: ...\n'
    )
    test = "tests/test_one.py::test_x"
    assert failure_listing.marked(folder) == {"a": [test], "b": [test]}
