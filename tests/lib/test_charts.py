"""Every chart is pinned in one table; a mirror redirects all of them, a version departs from the pin."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from lib.charts import PINNED, TABLE, Catalogue, Chart

SOURCE = Path(__file__).resolve().parents[2] / "lib" / "charts.py"


@pytest.mark.parametrize("chart", TABLE.values(), ids=lambda chart: chart.name)
def test_a_chart_is_pinned_to_one_release(chart: Chart) -> None:
    assert PINNED.fullmatch(chart.version), f"{chart.version} must name one release"


@pytest.mark.parametrize("version", ["1.2", "^1.2.3", "1.2.x", ">=1.2.3", "latest", "", "1.2.3 || 2.0.0"])
def test_a_range_is_no_pin(version: str) -> None:
    assert PINNED.fullmatch(version) is None, f"{version!r} can change from one day to the next"


@pytest.mark.parametrize("chart", TABLE.values(), ids=lambda chart: chart.name)
def test_a_chart_comes_over_an_authenticated_connection(chart: Chart) -> None:
    assert chart.repository.startswith(("https://", "oci://")), "nobody on the way may change it"


def test_the_comment_above_each_row_names_the_source_that_renovate_asks() -> None:
    lines = SOURCE.read_text(encoding="utf-8").splitlines()
    rows = [index for index, line in enumerate(lines) if line.strip().startswith("Chart(")]
    assert len(rows) == len(TABLE), "one line for each chart"
    for index in rows:
        name, repository, _ = re.findall(r'"([^"]*)"', lines[index])
        oci = repository.removeprefix("oci://")
        wanted = (
            f"# renovate: datasource=docker depName={oci}/{name}"
            if oci != repository
            else f"# renovate: datasource=helm depName={name} registryUrl={repository}"
        )
        assert lines[index - 1].strip() == wanted, f"{name} would not be updated"


def test_no_chart_comes_from_bitnami() -> None:
    assert not [chart for chart in TABLE.values() if "bitnami" in chart.repository.lower()], "its images are gone"


@pytest.mark.parametrize(
    ("mirror", "wanted"),
    [
        ("oci://mirror.example.com/charts/", {"chart": "oci://mirror.example.com/charts/vault"}),
        (
            "https://mirror.example.com/charts",
            {"chart": "vault", "repository_opts": {"repo": "https://mirror.example.com/charts"}},
        ),
        ("/srv/charts", {"chart": f"/srv/charts/vault-{TABLE['vault'].version}.tgz"}),
    ],
)
def test_a_mirror_redirects_every_chart(mirror: str, wanted: Mapping[str, object]) -> None:
    catalogue = Catalogue(mirror=mirror)
    assert catalogue["vault"].release_inputs == {**wanted, "version": TABLE["vault"].version}, "and keeps the pin"
    for name in TABLE:
        assert mirror.rstrip("/") in str(catalogue[name].release_inputs), f"{name} would still be fetched from outside"


def test_without_a_mirror_a_chart_comes_from_its_own_repository() -> None:
    for name, chart in TABLE.items():
        inputs = Catalogue()[name].release_inputs
        assert chart.repository in str(inputs), f"{name} has its repository in chart or repository_opts"
        assert inputs["version"] == chart.version, f"{name} is pinned"


def test_a_version_departs_from_the_pin_of_one_chart_only() -> None:
    catalogue = Catalogue(versions={"cilium": "1.20.1"})
    assert catalogue["cilium"].version == "1.20.1", "the one that was named"
    assert {name for name in TABLE if catalogue[name] != TABLE[name]} == {"cilium"}, "and no other"
