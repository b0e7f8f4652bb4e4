"""Everything that is fetched is pinned, comes from where the stack file says, and nothing of it is Bitnami's."""

from typing import Any

import pytest

from lib.charts import PINNED, TABLE
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support import charts
from tests.support.engine import Recording
from tests.support.objects import releases
from tests.support.program import ROOT, record_program

MIRROR = FIXTURES / "valid" / "mirror.yaml"


def test_every_release_is_the_pinned_chart_of_the_table(program: Recording) -> None:
    seen = set()
    # What test-cluster has, and what it leaves out.
    everything = record_program(preview=program.preview, stack_file=FIXTURES / "valid" / "every-key.yaml")
    for one in (*releases(program), *releases(everything)):
        row = TABLE[one.get("chart").rsplit("/", maxsplit=1)[-1]]
        seen.add(row.name)
        assert one.get("version") == row.version, f"{one} departs from the table"
        repository = (one.get("repositoryOpts") or {}).get("repo") or one.get("chart").removesuffix(f"/{row.name}")
        assert repository == row.repository, f"{one} comes from elsewhere"
    assert seen == set(TABLE), "a chart that no release uses is a pin nobody checks"


def test_a_mirror_in_the_stack_file_redirects_every_chart() -> None:
    mirror = load_stack_file(MIRROR).charts.mirror
    found = releases(record_program(preview=True, stack_file=MIRROR))
    assert len(found) == len(TABLE), "the same charts"
    outside = [str(one) for one in found if not one.get("chart").startswith(f"{mirror}/")]
    assert outside == [], "an air-gapped site cannot reach any other"
    assert not [one for one in found if one.get("repositoryOpts")], "Helm takes no repository beside an OCI reference"


def test_a_version_in_the_stack_file_departs_from_one_pin_only() -> None:
    wanted = load_stack_file(MIRROR).charts.versions
    for one in releases(record_program(preview=True, stack_file=MIRROR)):
        name = one.get("chart").rsplit("/", maxsplit=1)[-1]
        assert one.get("version") == wanted.get(name, TABLE[name].version), f"{name}"


def test_the_image_of_talos_comes_from_the_factory_of_the_stack_file() -> None:
    recording = record_program(preview=False, stack_file=MIRROR)
    url = recording.one("proxmoxve:download/fileLegacy:FileLegacy").get("url")
    assert url.startswith("https://factory.example.com/image/"), "an own Image Factory is used"
    for one in recording.of_type("talos:machine/configurationApply:ConfigurationApply"):
        text = one.get("machineConfigurationInput")
        assert "factory.example.com/" in text, f"{one}: and its installer"
        assert "mirror.example.com" in text, f"{one}: and the mirrors of the registries"


# Images of parts that no value switches off, since nothing here asks for them.
_UNUSED = {("redis", "image"): "of chat, for workers of Synapse, of which there are none"}


@pytest.mark.failure("wrong-image")
@pytest.mark.skipif(charts.directory() is None, reason=charts.WITHOUT)
def test_no_image_of_a_chart_floats_or_is_pulled_at_every_start(program: Recording) -> None:
    loose = []
    for one in releases(program):
        data = charts.chart_data(one.get("chart").rsplit("/", maxsplit=1)[-1])
        values = charts.merged(data.values, one.get("values")) if data is not None else {}
        used = [image for image in charts.images(values) if image.path not in _UNUSED]
        loose += [f"{one}: {image}" for image in used if image.floats or image.always]
    assert loose == [], "after a power cut without the internet its pods stay down, or come back as another release"


@pytest.mark.parametrize(
    ("image", "floats", "always"),
    [
        ({"repository": "library/haproxy", "tag": "3.2-alpine"}, True, False),
        ({"repository": "library/haproxy", "tag": "3.2-alpine", "digest": "sha256:0"}, False, False),
        ({"repository": "library/haproxy", "tag": "3.2.23-alpine", "pullPolicy": "Always"}, False, True),
        ({"repository": "traefik", "tag": None}, False, False),
        ({"repository": "curl", "tag": "latest"}, True, False),
    ],
)
def test_an_image_that_floats_or_is_pulled_again_is_noticed(image: dict[str, Any], floats: bool, always: bool) -> None:
    (found,) = charts.images({"component": {"image": image}, "off": {"enabled": False, "image": image}})
    assert (found.floats, found.always) == (floats, always), "without a tag a chart takes that of its release"


SUBCHARTS = {
    "gitea-release": ("postgresql", "postgresql-ha", "valkey", "valkey-cluster"),
    "authentik-release": ("postgresql",),
    "matrix-release": ("postgres",),
}
"""Databases that the charts would bring along, most of them Bitnami's and some switched on by default."""


def test_databases_inside_charts_are_off(program: Recording) -> None:
    for name, subcharts in SUBCHARTS.items():
        values = program.one("*Release", name).get("values")
        for subchart in subcharts:
            assert values[subchart]["enabled"] is False, f"{name}: {subchart}: the platform has one Postgres"


def test_versions_of_talos_kubernetes_and_flux_are_those_of_the_stack_file(update: Recording) -> None:
    settings = load_stack_file(ROOT / "Pulumi.test-cluster.yaml")
    assert settings.talos is not None, "the shipped stack has machines"
    image = update.one("proxmoxve:download/fileLegacy:FileLegacy")
    assert f"/{settings.talos.version}/" in image.get("url"), "the image"
    for call in update.calls:
        if call.token == "talos:machine/getConfiguration:getConfiguration":
            assert call.arguments["kubernetesVersion"] == settings.talos.kubernetes_version, "Kubernetes"
            assert call.arguments["talosVersion"] == settings.talos.version_contract, "the contract, not the release"
    flux = update.one("kubernetes:fluxcd.controlplane.io/v1:FluxInstance")
    assert flux.get("spec", "distribution", "version") == settings.gitops.flux_version, "Flux"


def test_a_pin_of_the_table_is_one_release() -> None:
    assert [row.name for row in TABLE.values() if not PINNED.fullmatch(row.version)] == [], "no range"
