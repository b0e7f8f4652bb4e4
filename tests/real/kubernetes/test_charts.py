"""A real API server accepts every object that the charts make of our values, and the pods that they run."""

import pytest

from tests.real.kubernetes.manifests import pod_of
from tests.real.kubernetes.stage import Stage
from tests.support.objects import releases
from tests.support.recording import Recording

pytestmark = pytest.mark.real


def test_every_object_of_the_charts_is_accepted(stage: Stage, charted: Recording) -> None:
    manifests = stage.charts(charted)
    silent = {one.name for one in releases(charted)} - {one.origin for one in manifests}
    assert not silent, f"charts that make nothing: {sorted(silent)}"
    refusals = stage.refusals(manifests)
    assert not refusals, "refused, or warned of:\n" + "\n".join(refusals)


def test_every_pod_of_the_charts_is_let_into_its_namespace(stage: Stage, charted: Recording) -> None:
    manifests = stage.charts(charted)
    assert [one for one in manifests if pod_of(one)], "the charts run pods"
    refusals = stage.pod_refusals(manifests)
    assert not refusals, "refused, or warned of:\n" + "\n".join(refusals)
