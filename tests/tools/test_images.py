"""`make images`: whatever a stack runs is listed, with who reads it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from doubles.loopback import Double, Reply, Request, serving
from lib.charts import TABLE
from lib.images import PYTHON, registry
from register.charts import needed, registries
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tests.support import charts
from tests.support.objects import containers, pods
from tests.support.program import ROOT, record_program
from tools import images
from tools.chart_images import Installed
from tools.files import SetupError
from tools.images import Charts, listing
from tools.listing import Listing
from tools.real_programs import HELM
from tools.real_servers import find

MIRROR = FIXTURES / "valid" / "mirror.yaml"
DIGEST = f"sha256:{'a' * 64}"


def goals(stack_file: Path) -> list[Mapping[str, Any]]:
    """The program as a plan has it."""
    recording = record_program(preview=False, stack_file=stack_file)
    return [{"type": one.type, "name": one.name, "inputDiff": {"adds": one.inputs}} for one in recording.resources]


def of(stack_file: Path, place: Path = Path("nowhere")) -> Listing:
    return listing("home", load_stack_file(stack_file), goals(stack_file), Charts(place=place, helm=None))


def test_every_image_and_chart_of_the_program_is_listed_with_its_readers() -> None:
    found = of(SHIPPED)
    listed = {one.image: one.readers for one in found.images}
    ours = {
        (container["image"], one.name)
        for one, pod in pods(record_program(preview=False))
        for container in containers(pod)
    }
    assert {(image, name) for image, name in ours if name not in listed.get(image, ())} == set()
    assert len(listed[PYTHON]) > 10, "who reads it is told"
    assert {one["chart"] for one in found.charts} == set(needed(load_stack_file(SHIPPED)))
    assert {(one["chart"], one["version"]) for one in found.charts} == {
        (name, TABLE[name].version) for name in needed(load_stack_file(SHIPPED))
    }
    assert "registry.k8s.io/kube-apiserver:v1.36.3" in listed, "what Talos runs by itself"
    assert any(file.endswith("/v1.13.7/nocloud-amd64.qcow2") for file in found.files)
    assert "talos 0.8.1" in found.plugins
    assert len(found.unknown) == len({one["chart"] for one in found.charts}), (
        "without charts at hand it is said of each what is missing"
    )


def test_of_a_site_without_the_internet_all_of_it_has_a_mirror() -> None:
    settings = load_stack_file(MIRROR)
    found = of(MIRROR, charts.directory() or Path("nowhere"))
    mirrored = registries(settings) | {"factory.example.com"}
    assert [one.image for one in found.images if registry(one.image) not in mirrored] == []
    assert {one["source"] for one in found.charts} == {"oci://mirror.example.com/charts"}
    assert [file for file in found.files if "example.com" not in file] == []


def _chart(place: Path) -> Installed:
    """A chart with its values and no templates."""
    place.mkdir(parents=True)
    (place / "Chart.yaml").write_text(
        "apiVersion: v2\nname: notes\nversion: 1.2.3\nappVersion: v9.1\n", encoding="utf-8"
    )
    (place / "values.yaml").write_text(
        "global: {imageRegistry: quay.io}\n"
        "image: {repository: team/notes, tag: ''}\n"
        "web: {repository: team/web, tag: 1.0.0, fullOverride: 'quay.io/team/ours:2.0.0'}\n"
        "cache: {image: {registry: docker.io, repository: team/cache, tag: 7.4.1}}\n"
        "metrics: {enabled: false, image: {repository: team/exporter, tag: 1.0.0}}\n",
        encoding="utf-8",
    )
    values = {"cache": {"image": {"tag": "7.4.2"}}, "sidecars": [{"image": "ghcr.io/team/sidecar:2.0.0"}]}
    return Installed(directory=place, release="notes", namespace="notes", values=values, kubernetes="1.36.3")


def test_values_of_a_chart_tell_its_images(tmp_path: Path) -> None:
    assert _chart(tmp_path / "notes").told() == {
        "quay.io/team/notes:v9.1",
        "docker.io/team/cache:7.4.2",
        "ghcr.io/team/sidecar:2.0.0",
        "quay.io/team/ours:2.0.0",
    }, "registry of all, release of the chart, ours over its own, and nothing that is switched off"


def _helm() -> Path | None:
    try:
        return find(HELM).binary
    except SetupError:
        return None


@pytest.mark.real
@pytest.mark.skipif(_helm() is None, reason="no Helm: make test-kubernetes builds it")
def test_manifests_tell_more_than_values(tmp_path: Path) -> None:
    installed, helm = _chart(tmp_path / "notes"), _helm()
    assert helm is not None
    templates = tmp_path / "notes" / "templates"
    templates.mkdir()
    (templates / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: notes}\nspec:\n  containers:\n"
        "    - {name: notes, image: 'quay.io/team/notes:{{ .Chart.AppVersion }}'}\n"
        "    - {name: hidden, image: 'quay.io/team/hidden:1.0.1'}\n",
        encoding="utf-8",
    )
    assert installed.rendered(helm) == {"quay.io/team/notes:v9.1", "quay.io/team/hidden:1.0.1"}


def _registry(request: Request) -> Reply:
    """Manifests to those who logged in as nobody, in a form that they take."""
    if request.path.startswith("/token"):
        return Reply(body={"access_token": "t0ken"})
    if request.headers.get("Authorization") != "Bearer t0ken":
        return Reply(401, headers={"WWW-Authenticate": f'Bearer realm="http://{request.headers["Host"]}/token"'})
    taken = "application/vnd.oci.image.index.v1+json" in request.headers.get("Accept", "")
    if taken and request.path == "/v2/team/notes/manifests/1.2.3":
        return Reply(body={}, headers={"Docker-Content-Digest": DIGEST})
    return Reply(404)


@pytest.mark.parametrize("digests", [True, False])
def test_the_command_says_it_to_people_and_to_programs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, digests: bool
) -> None:
    with serving(_registry) as double:
        monkeypatch.setattr(images, "planned_resources", lambda *_: _two_pods(double))
        monkeypatch.setattr(images, "_of_nodes", lambda _: ())
        monkeypatch.setattr(images, "_of_flux", lambda _: (("ghcr.io/fluxcd/source-controller", "flux"),))
        code = images.main(["--stack", "test-cluster", "--json", *(["--digests"] if digests else [])], ROOT)
        said = capsys.readouterr()
    document = json.loads(said.out)
    told = {one["image"].rpartition("/")[2]: one for one in document["images"]}
    assert told["notes:1.2.3"]["readers"] == ["a"]
    assert told["notes:1.2.3"]["digest"] == (DIGEST if digests else None)
    assert told["source-controller"]["digest"] is None, "its operator picks the tag"
    assert code == int(digests), "one image is not there"
    assert ("images: no digest of" in said.err) is digests, "and is named"


def _two_pods(double: Double) -> list[Mapping[str, Any]]:
    host = double.url.removeprefix("http://")
    pods_of = {"a": f"{host}/team/notes:1.2.3", "b": f"{host}/team/gone:1.0.0"}
    return [
        {
            "type": "kubernetes:core/v1:Pod",
            "name": name,
            "inputDiff": {"adds": {"spec": {"containers": [{"image": image}]}}},
        }
        for name, image in pods_of.items()
    ]


@pytest.mark.engine
def test_the_plan_of_the_lab_says_what_the_program_does() -> None:
    settings, place = load_stack_file(SHIPPED), Charts(place=Path("nowhere"), helm=None)
    planned = listing("home", settings, images.planned_resources("test-cluster", ROOT), place)
    assert [(one.image, one.readers) for one in planned.images] == [
        (one.image, one.readers) for one in of(SHIPPED).images
    ]
