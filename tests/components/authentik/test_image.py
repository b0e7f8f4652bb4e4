"""Which release of Authentik runs: a later patch of the one that the chart brings."""

from lib.charts import Catalogue
from lib.images import AUTHENTIK
from tests.components.authentik.deployed import RELEASE, recorded, server_alone


def test_server_and_worker_run_the_release_that_the_program_pins() -> None:
    values = recorded(server_alone).one(RELEASE).get("values")
    image = values["global"]["image"]
    assert f"{image['repository']}:{image['tag']}" == AUTHENTIK, "one image for both, and not the one of the chart"
    for part in ("server", "worker"):
        assert "image" not in values[part], "which a part could override"


def test_the_pinned_release_is_a_patch_of_the_charts() -> None:
    chart = Catalogue()["authentik"].version
    released = AUTHENTIK.rpartition(":")[2]
    assert released.split(".")[:2] == chart.split(".")[:2], "a chart knows the settings of its own release"
    assert [int(part) for part in released.split(".")] >= [2026, 8, 4], "the first whose forward authentication works"
