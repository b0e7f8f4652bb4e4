"""Whatever is typed is refused in words or accepted, by check and program alike; `make fuzz` goes on with that."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.stack_file.fuzzing import __main__ as fuzz
from tests.stack_file.fuzzing.files import Case, cases
from tests.stack_file.fuzzing.verdict import ACCEPTED, CLASSES, judge


@settings(max_examples=80, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(cases())
def test_a_stack_file_is_refused_in_words_or_accepted(tmp_path_factory: pytest.TempPathFactory, case: Case) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert judge(case, folder, recording=False) in (ACCEPTED, *CLASSES), "by check and program alike"


def test_what_is_lost_is_counted_and_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*_: Any, **__: Any) -> str:
        raise RecursionError("too deep")

    monkeypatch.setattr(fuzz, "KEPT", tmp_path)
    monkeypatch.setattr(fuzz, "BATCH", 5)
    monkeypatch.setattr(fuzz, "judge", broken)
    assert fuzz.main(["--examples", "1", "--seed", "7", "SECONDS="]) == 1, "a lost case is no success"
    said = capsys.readouterr().out
    assert "make fuzz SEED=" in said, "how to repeat it"
    assert "1 lost" in said, "how many"
    assert "RecursionError" in said, "what it was"
    assert (tmp_path / "Pulumi.seed-7.yaml").exists(), "and the file itself"
