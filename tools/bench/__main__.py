"""`make bench`: what the program costs, as ratios to a floor that is measured in the same run."""

import sys
from collections.abc import Mapping
from typing import Any

from tools.bench import command, growth, operations, results
from tools.bench.page import page
from tools.waiting import interruptible


def measured(rounds: int, say: command.Say) -> tuple[Mapping[str, Any], str]:
    """Everything; raises LabError where an operation fails."""
    found = operations.measured(command.BUILD / "bench", rounds, say)
    imported = operations.imports(rounds, say)
    grown = {kind: growth.measured(kind, say) for kind in growth.KINDS}
    say("bring-up")
    told = results.document(found, imported, grown, results.bring_up(found.state))
    return told, page(told)


if __name__ == "__main__":
    with interruptible("bench: interrupted"):
        sys.exit(command.run("bench", __doc__, measured, rounds=4))
