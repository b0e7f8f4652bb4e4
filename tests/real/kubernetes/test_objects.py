"""A real API server accepts every object that the program creates, and the pods that they run."""

import pytest

from tests.real.kubernetes.manifests import own, pod_of, recorded
from tests.real.kubernetes.stage import LEFT_OUT, Stage
from tests.support import charts
from tests.support.recording import Recording


def test_every_object_of_a_kind_of_kubernetes_is_accepted(stage: Stage, stack: Recording) -> None:
    manifests = [one for one in stage.objects(stack) if one.built_in]
    assert manifests, "the program creates objects"
    refusals = stage.refusals(manifests)
    assert not refusals, "refused, or warned of:\n" + "\n".join(refusals)


@pytest.mark.failure("unknown-field")
def test_every_object_of_a_kind_of_the_platform_is_accepted(stage: Stage, update: Recording, stack: Recording) -> None:
    if charts.directory() is None:
        pytest.skip(f"no chart data: {charts.VARIABLE} does not point at any, so the kinds are not known")
    manifests = [one for one in stage.objects(stack) if not one.built_in]
    stage.charts(update)  # some charts have their definitions among their templates
    tried = [one for one in manifests if one.group not in LEFT_OUT]
    assert tried, "the platform has kinds of its own"
    refusals = stage.refusals(tried)
    assert not refusals, "refused, or warned of:\n" + "\n".join(refusals)


def test_every_pod_is_let_into_its_namespace(stage: Stage, stack: Recording) -> None:
    manifests = stage.objects(stack)
    assert [one for one in manifests if pod_of(one)], "the program runs pods"
    refusals = stage.pod_refusals(manifests)
    assert not refusals, "refused, or warned of:\n" + "\n".join(refusals)


def test_every_object_is_kept_as_it_is_written(stage: Stage, update: Recording, stack: Recording) -> None:
    if charts.directory() is not None:
        stage.charts(update)
    altered = stage.altered(stage.objects(stack))
    assert not altered, "make drift would never be silent:\n" + "\n".join(altered)


@pytest.mark.parametrize("group", LEFT_OUT)
def test_a_group_is_left_out_only_while_the_program_has_objects_of_it(group: str) -> None:
    program = recorded("every-key")
    assert group in {one.group for one in own(program)}, f"{group} need not be left out"
