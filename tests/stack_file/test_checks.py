"""Every check across sections is exercised by a file that it alone refuses."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from settings.model import Settings
from settings.problem import Problem
from stack_file.checks.every import ALL
from stack_file.load import SettingsError, load_stack_file
from tests.stack_file.cases import WRONG
from tests.stack_file.stacks import SHIPPED, VALID

Check = Callable[[Settings], Iterator[Problem]]


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> set[Check]:
    """Every check that refuses one of the wrong stack files, asked with all others switched off."""
    found: set[Check] = set()
    folder = tmp_path_factory.mktemp("wrong")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stack_file.checks.every.ALL", ())
        for case in WRONG:
            with suppress(SettingsError):
                settings = load_stack_file(case.write(folder))
                found |= {check for check in ALL if any(check(settings))}
    return found


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.__name__)
def test_each_check_refuses_at_least_one_of_the_wrong_files(check: Check, refusing: set[Check]) -> None:
    assert check in refusing, f"no case of tests/fixtures/stacks/cases.yaml shows what {check.__name__} refuses"


@pytest.mark.parametrize("path", [*VALID, SHIPPED], ids=lambda path: path.stem)
def test_a_valid_file_passes_every_check(path: Path) -> None:
    settings = load_stack_file(path)
    assert [str(problem) for check in ALL for problem in check(settings)] == [], "no check may refuse what is right"


def test_all_defects_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace("vip: 10.2.3.1", "vip: 10.2.1.1").replace("1501", "1500")
    broken = tmp_path / "Pulumi.broken.yaml"
    broken.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_stack_file(broken)
    message = str(refused.value)
    assert "is already network.vip" in message, "the first defect"
    assert "is already the id of" in message, "and the second, so that a person mends both in one go"
