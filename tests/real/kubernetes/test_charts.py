"""A real API server accepts every object that the charts make of our values, and the pods that they run."""

from tests.real.kubernetes.manifests import chart_directory, own, pod_of
from tests.real.kubernetes.monitors import KINDS, lost
from tests.real.kubernetes.stage import Stage
from tests.support.charts import Image
from tests.support.command_tables import CHARTS_MAKE
from tests.support.definitions import documents
from tests.support.objects import containers, releases
from tests.support.recording import Recording


def test_every_object_of_the_charts_is_accepted(stage: Stage, charted: Recording) -> None:
    manifests = stage.charts(charted)
    made = {one.origin for one in manifests}
    silent = [one.name for one in releases(charted) if one.name not in made and not stage.definitions(one)]
    assert not silent, f"charts that make nothing: {silent}"
    refusals = stage.refusals(manifests)
    assert not refusals, "refused, or warned of:\n" + "\n".join(refusals)


def test_every_pod_of_the_charts_is_let_into_its_namespace(stage: Stage, charted: Recording) -> None:
    manifests = stage.charts(charted)
    assert [one for one in manifests if pod_of(one)], "the charts run pods"
    refusals = stage.pod_refusals(manifests)
    assert not refusals, "refused, or warned of:\n" + "\n".join(refusals)


def test_no_pod_of_the_charts_needs_the_internet_to_start_again(stage: Stage, charted: Recording) -> None:
    loose = []
    for one in stage.charts(charted):
        for container in containers((pod_of(one) or {"spec": {"containers": []}})["spec"]):
            repository, _, tag = container["image"].partition("@")[0].rpartition(":")
            policy, digest = container.get("imagePullPolicy"), container["image"].partition("@")[2]
            spec = {"repository": repository, "tag": tag, "digest": digest, "pullPolicy": policy}
            image = Image((container["name"],), spec)
            loose += [f"{one}: {image}"] if image.floats or image.always else []
    assert loose == [], "a tag that moves, or one that is asked for at every start"


def test_no_pod_of_the_charts_holds_the_token_of_a_default_account(stage: Stage, charted: Recording) -> None:
    pods = [(one, pod["spec"]) for one in stage.charts(charted) if (pod := pod_of(one)) is not None]
    holding = [
        str(one)
        for one, pod in pods
        if pod.get("serviceAccountName", "default") == "default"
        and pod.get("automountServiceAccountToken") is not False
    ]
    assert holding == [], "who gives that account a right gives it to all of them"


def test_the_workloads_that_runbooks_name_are_made(stage: Stage, charted: Recording) -> None:
    made, spaces = set(), set()
    for one in stage.charts(charted):
        metadata, spec = one.body["metadata"], one.body.get("spec") or {}
        space, name = metadata.get("namespace", one.namespace), metadata["name"]
        claims = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates") or ()]
        made |= {f"{space}/{one.kind.lower()}s/{name}", *(f"{space}/persistentvolumeclaims/{c}-{name}" for c in claims)}
        spaces |= {space} if pod_of(one) else set()
    assert [row for row in CHARTS_MAKE if row.partition("/")[0] in spaces and row not in made] == []


def test_no_definition_goes_with_its_release(stage: Stage, charted: Recording) -> None:
    going = []
    for release in releases(charted):
        chart = chart_directory(str(release.get("chart")))
        left = {one["metadata"]["name"] for one in documents(chart, "crds")} if chart else set()
        for one in stage.definitions(release) if chart else ():
            annotations = one.body["metadata"].get("annotations") or {}
            if annotations.get("helm.sh/resource-policy") != "keep" and one.body["metadata"]["name"] not in left:
                going.append(str(one))
    assert going == [], "every object of these kinds would go too; Helm itself leaves only what lies in crds/"


def test_each_monitor_finds_what_it_selects_with_the_port_that_it_reads(stage: Stage, charted: Recording) -> None:
    manifests = [*own(charted), *stage.charts(charted)]
    assert lost(manifests) == [], "nothing would tell that they read nothing"
    foreign = [str(one) for one in stage.charts(charted) if one.kind in KINDS and one.origin != "prometheus-release"]
    assert foreign == [], "a chart's own needs the kind before the chart"
