"""The chains of examples/ come up beside the platform, all at once, and then nothing is left to do."""

from pathlib import Path

import pytest

from register.phases import built_on
from stack_file.load import load_stack_file
from tests.engine.platform import driver, new_stack, statuses
from tests.support.examples import CHAINS, write
from tests.support.program import ROOT
from tools.status.rows import rows

pytestmark = pytest.mark.engine


def test_all_examples_come_up_together_and_stay_as_they_are(tmp_path: Path) -> None:
    stack = new_stack(tmp_path / "run", stack_file=write(tmp_path, *CHAINS))
    (stack.root / "examples").symlink_to(ROOT / "examples")
    up = driver(stack).up()
    assert up.ok, up.messages()
    assert {name: status for name, status in statuses(up).items() if name.startswith("chain-")} == {
        "chain-cicd": "ready",
        "chain-data": "ready",
        "chain-ml": "ready",
        "chain-observability": "ready",
    }
    table = built_on(load_stack_file(stack.file))
    found = rows(stack.state() or {}, None, (), failed=False, built_on=table)
    stages = [f"{row.part_of.removeprefix('chain-')}/{row.name}" for row in found if row.part_of]
    assert sorted(stages) == sorted(
        [
            *("cicd/registry", "cicd/deployer"),
            *("data/storage", "data/database", "data/processing", "data/analytics"),
            *("ml/notebooks", "ml/records", "ml/tracking", "ml/training", "ml/serving"),
            *("observability/grafana", "observability/logs", "observability/collector"),
        ]
    )
    assert all(row.ready for row in found), "make status says so of each stage"
    again = driver(stack).preview()
    assert again.ok, again.messages()
    assert again.changed == 0, "a second preview"
