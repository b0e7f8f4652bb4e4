"""A release that is moved under its name is noticed, once somebody has kept what it was."""

from collections.abc import Callable
from pathlib import Path

import pytest

from doubles.loopback import Double, Reply, Request, serving
from tools import digests
from tools.images import told_digests
from tools.listing import Image, Listing

FIRST, OTHER = (f"sha256:{letter * 64}" for letter in "ab")
INDEX = f"""entries:
  notes: [{{version: 2.0.0, digest: {"b" * 64}}}, {{version: 1.2.3, digest: {"a" * 64}}}]
  bare: [{{version: 1.0.0}}]
"""


def of(double: Double, *, chart: str = "notes", version: str = "1.2.3", tag: str = "1.2.3") -> Listing:
    host = double.url.removeprefix("http://")
    charts = [{"chart": chart, "version": version, "source": double.url, "reader": "notes"}]
    oci = {"chart": "web", "version": "1.0.0+2", "source": f"oci://{host}/charts", "reader": "web"}
    image = Image(f"{host}/team/notes:{tag}", ["notes"])
    return Listing(stack="home", images=[image], charts=[*charts, oci])


SERVED = {"team/notes/manifests/1.2.3": FIRST, "charts/web/manifests/1.0.0_2": FIRST}


def answers(served: dict[str, str], index: list[str]) -> Callable[[Request], Reply]:
    """A repository of charts and a registry, as both are when they are asked."""

    def respond(request: Request) -> Reply:
        name = request.path.removeprefix("/v2/")
        if request.path == "/index.yaml":
            return Reply(body=index[0])
        return Reply(body={}, headers={"Docker-Content-Digest": served[name]}) if name in served else Reply(404)

    return respond


def test_what_is_moved_under_its_name_is_told_until_it_is_kept_anew(tmp_path: Path) -> None:
    served, index = dict(SERVED), [INDEX]
    with serving(answers(served, index)) as double:
        assert told_digests(of(double), tmp_path) == [], "nothing was kept yet"
        assert told_digests(of(double), tmp_path, keep=True) == []
        assert len((tmp_path / "Pulumi.home.digests.json").read_text().splitlines()) == 5, "an image and two charts"
        assert told_digests(of(double), tmp_path) == [], "all is as it was"
        served["team/notes/manifests/1.2.3"] = OTHER
        index[0] = INDEX.replace("a" * 64, "c" * 64)
        told = told_digests(of(double), tmp_path)
        assert [line.partition(" was ")[0].rpartition("/")[2] for line in told] == ["notes:1.2.3", "notes 1.2.3"]
        assert f"was {FIRST} and is {OTHER}" in told[0]
        assert told_digests(of(double), tmp_path, keep=True) == [], "a person has looked"
        assert told_digests(of(double), tmp_path) == []


def test_a_new_release_is_none_that_was_moved(tmp_path: Path) -> None:
    with serving(answers(SERVED, [INDEX])) as double:
        told_digests(of(double), tmp_path, keep=True)
        raised = of(double, version="2.0.0")
        assert told_digests(raised, tmp_path) == []
        (unknown,) = raised.unknown
        assert "notes 2.0.0: ARGS=--keep" in unknown
        assert raised.charts[0]["digest"] == OTHER, "of its own release"


@pytest.mark.parametrize(("chart", "version"), [("notes", "9.9.9"), ("gone", "1.0.0"), ("bare", "1.0.0")])
def test_a_chart_without_a_digest_is_said_to_have_none(chart: str, version: str, tmp_path: Path) -> None:
    with serving(answers({}, [INDEX])) as double:
        found = of(double, chart=chart, version=version)
        missing = digests.ask(found)
    assert len(missing) == 3, "nor the image, nor the chart in the registry"
    assert any(f"{chart} {version}" in line for line in missing)
