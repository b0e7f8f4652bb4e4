"""What resources of the recorded program say, one line each with its reason: `facts.yaml` here and in each folder; what
only another stack file has is in `facts.<stack file>.yaml`.

A file names resources by kind and logical name, a glob; a fact holds for all that match. Below them: the path of an
input, its value (null where it is absent) and what would be wrong with another. A step with dots stands in brackets;
`opts.` leads to an option of the resource.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recorded, Recording
from tests.support.program import record_program

_STEP = re.compile(r"\[([^\]]+)\]|([^.\[\]]+)")
Facts = dict[str, tuple[Any, str]]


def _facts() -> Iterator[Any]:
    for file in sorted(Path(__file__).parent.rglob("facts*.yaml"), key=lambda one: (one.stem, one)):
        stack = file.stem.partition(".")[2]
        for resource, facts in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            yield pytest.param(stack, resource, facts, id=f"{file.parent.name}: {resource}")


def _value(one: Recorded, path: str) -> Any:
    if path.startswith("opts."):
        option = getattr(one, path.removeprefix("opts."))
        return list(option) if isinstance(option, tuple) else option
    steps = (bracketed or step for bracketed, step in _STEP.findall(path))
    return one.get(*(int(step) if step.isdigit() else step for step in steps))


def _wrong(found: list[Recorded], facts: Facts) -> list[str]:
    """Types count too: what reads 1 is not told `true`."""
    said = ((one, path, _value(one, path), *fact) for one in found for path, fact in facts.items())
    return [
        f"{one}: {path} is {value!r} and not {wanted!r}; {reason}"
        for one, path, value, wanted, reason in said
        if (value, type(value)) != (wanted, type(wanted))
    ]


@pytest.mark.failure("token-minted-again")
@pytest.mark.parametrize(("stack", "resource", "facts"), list(_facts()))
def test_a_resource_says_what_was_decided(update: Recording, stack: str, resource: str, facts: Facts) -> None:
    program = record_program(preview=False, stack_file=FIXTURES / "valid" / f"{stack}.yaml") if stack else update
    kind, name = resource.split(" ")
    found = [one for one in program.custom if one.type.endswith(f":{kind}") and fnmatchcase(one.name, name)]
    assert found, "it is in the program"
    assert _wrong(found, facts) == [], "each line has its reason"


def test_a_fact_that_does_not_hold_is_noticed(update: Recording) -> None:
    one = update.one("*:Release", "cilium-release")
    facts = {"values.l7Proxy": (0, "of another type"), "name": (None, "there"), "values.none": (None, "fine")}
    assert [line.partition(" is ")[0] for line in _wrong([one], facts)] == [f"{one}: values.l7Proxy", f"{one}: name"], (
        "the check can fail"
    )
