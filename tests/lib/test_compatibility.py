"""Releases that go together: the shipped pins fit the table, and what must move together does."""

import json
import re
from typing import Any

import pytest

from lib.charts import TABLE
from lib.compatibility import CHARTS, KUBERNETES, NEWEST_CONTRACT, is_within, line_of, release
from settings.model import Settings
from stack_file.checks.pins import charts_take_what_goes_with_them
from stack_file.load import load_stack_file, parse
from tests.stack_file.stacks import ROOT, SHIPPED, sections


@pytest.mark.parametrize("chart", CHARTS)
def test_the_pins_of_this_program_fit(chart: str) -> None:
    """Loading the shipped stack file says so too; here it says which of lib/charts.py and lib/images.py to look at."""
    takes, version = CHARTS[chart], TABLE[chart].version
    line = line_of(takes.lines, version)
    assert line is not None, f"{chart} {version}: read its notes, then add the line to lib/compatibility.py"
    pinned = takes.image.rpartition(":")[2] or load_stack_file(SHIPPED).gitops.flux_version
    assert is_within(pinned, takes.lines[line]), f"{chart} {version} takes {takes.lines[line]}, not {pinned}"


def test_the_shipped_talos_runs_the_shipped_kubernetes() -> None:
    talos = load_stack_file(SHIPPED).talos
    assert talos is not None, "test-cluster has machines"
    line = line_of(KUBERNETES, talos.version)
    assert line is not None, "a release that the table knows"
    assert is_within(talos.kubernetes_version, KUBERNETES[line]), "and that supports this Kubernetes"
    assert release(talos.version_contract) <= NEWEST_CONTRACT, "in a format that is written"


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.30.14", False), ("1.31.0", True), ("1.36.99", True), ("v1.36.3", True), ("1.37.0", False), ("1.38.0", False)],
)
def test_a_span_includes_its_ends(version: str, expected: bool) -> None:
    assert is_within(version, ((1, 31), (1, 36))) is expected, "of Kubernetes on Talos 1.13"


@pytest.mark.parametrize("chart", CHARTS)
def test_every_line_of_every_chart_is_judged_without_an_exception(chart: str) -> None:
    document: Any = sections(SHIPPED)
    settings: Settings = parse(document)
    for version in ("0.0.1", "99.0.0", *(".".join(map(str, (*line, 0))) for line in CHARTS[chart].lines)):
        charts = settings.charts.model_copy(update={"versions": {chart: version}})
        problems = list(charts_take_what_goes_with_them(settings.model_copy(update={"charts": charts})))
        known = line_of(CHARTS[chart].lines, version) is not None
        assert known or [one.key for one in problems] == [f"charts.versions.{chart}"], f"{version} is told by name"


def test_renovate_moves_together_what_goes_together() -> None:
    text = re.sub(r"^\s*//.*$", "", (ROOT / "renovate.json5").read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = re.sub(r"^(\s*)([\w$]+):", r'\1"\2":', text, flags=re.MULTILINE)
    text = re.sub(r",(\s*[\]}])", r"\1", text)
    rules = json.loads(text)["packageRules"]
    groups = [set(rule.get("matchPackageNames", ())) for rule in rules if "groupName" in rule]
    for name, takes in CHARTS.items():
        chart = (
            TABLE[name].repository.removeprefix("oci://") + f"/{name}" if "oci://" in TABLE[name].repository else name
        )
        other = takes.image.rpartition(":")[0] or "fluxcd/flux2"
        assert any({chart, other} <= group for group in groups), f"{chart} and {other} would come one by one"
