"""A site without the internet: whatever the program names comes from the mirrors of the stack file."""

import re
from collections.abc import Iterator

import pytest
import yaml

from lib.charts import REGISTRIES, TABLE
from lib.images import registry
from register.charts import registries
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support import charts
from tests.support.objects import releases
from tests.support.program import record_program
from tests.support.recording import Recorded, Recording
from tests.support.wire import walk

MIRROR = FIXTURES / "valid" / "mirror.yaml"
SETTINGS = load_stack_file(MIRROR)
# Of the site itself: everything below the domain of the examples, services of the cluster, addresses, single labels.
_INSIDE = re.compile(r"(.+\.)?example\.com|(.+\.)?svc(\.cluster\.local)?|vault-\d\.vault-internal|[\d.]+|[^.]+")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^\s/@\"']*@)?([^\s/\"'{}<>,:@]+)")
_IMAGE = re.compile(r"(?=.*[a-z])[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?(/[\w.-]+)+(:[\w.-]+)?(@sha256:\w+)?")
# Keys under which names of the Kubernetes API stand, which look like images.
_OF_THE_API = frozenset({"apiVersion", "type", "topologyKey", "key", "address"})


@pytest.fixture(scope="module")
def offline() -> Recording:
    return record_program(preview=False, stack_file=MIRROR)


def _strings(recording: Recording) -> Iterator[tuple[Recorded, str, str]]:
    """Each text that a resource is given, with the last key that it stands under."""
    for one in recording.resources:
        for path, value in walk(one.inputs):
            if isinstance(value, str) and not one.type.startswith("home-cluster:"):
                yield one, str(path[-1] if path else ""), value


def test_no_url_leads_out_of_the_site(offline: Recording) -> None:
    found = {(host.replace("\\", ""), str(one)) for one, _, text in _strings(offline) for host in _URL.findall(text)}
    assert {"mirror.example.com", "factory.example.com"} <= {host for host, _ in found}, "they are seen"
    assert sorted((host, who) for host, who in found if not _INSIDE.fullmatch(host)) == []


def test_no_image_is_without_a_mirror(offline: Recording) -> None:
    assert SETTINGS.talos is not None
    mirrored = {*SETTINGS.talos.registry_mirrors, "mirror.example.com"}
    images = {text for _, key, text in _strings(offline) if key not in _OF_THE_API and _IMAGE.fullmatch(text)}
    assert len(images) > 8, "the images of the program are seen"
    assert sorted(image for image in images if registry(image) not in mirrored) == []


def test_nodes_ask_nobody_but_the_mirrors(offline: Recording) -> None:
    assert SETTINGS.talos is not None
    for one in offline.of_type("talos:machine/configurationApply:ConfigurationApply"):
        documents = list(yaml.safe_load_all(one.get("machineConfigurationInput")))
        mirrors = {doc["name"]: doc for doc in documents if doc and doc.get("kind") == "RegistryMirrorConfig"}
        assert set(mirrors) >= registries(SETTINGS), f"{one}: each registry has one"
        assert all(mirror.get("skipFallback") is True for mirror in mirrors.values()), f"{one}: and only that"
        configured = [doc for doc in documents if doc and "cluster" in doc]
        assert any(doc["cluster"].get("discovery") == {"enabled": False} for doc in configured), f"{one}: no discovery"
        roots = {
            doc["name"]: doc["certificates"] for doc in documents if doc and doc.get("kind") == "TrustedRootsConfig"
        }
        assert roots == SETTINGS.talos.trusted_roots != {}, f"{one}: whose certificates it trusts"
        servers = [doc["ntp"]["servers"] for doc in documents if doc and doc.get("kind") == "TimeSyncConfig"]
        assert servers == [["10.2.0.1"]], f"{one}: and the time of the site"


def test_schematics_go_to_the_factory_of_the_stack_file(offline: Recording) -> None:
    (provider,) = offline.of_type("pulumi:providers:talos")
    assert provider.get("imageFactoryUrl") == "https://factory.example.com", "another one knows nothing of them"


def test_the_scanner_asks_the_site_alone(offline: Recording) -> None:
    (container,) = offline.one("kubernetes:apps/v1:StatefulSet", "harbor-scanner").get(
        "spec", "template", "spec", "containers"
    )
    variables = {one["name"]: one.get("value") for one in container["env"]}
    assert variables["SCANNER_TRIVY_DB_REPOSITORY"] == "mirror.example.com/ghcr.io/aquasecurity/trivy-db"
    assert variables["SCANNER_TRIVY_OFFLINE_SCAN"] == "true", "Maven Central is elsewhere"


def test_with_the_internet_a_mirror_is_not_all_there_is(update: Recording) -> None:
    for one in update.of_type("talos:machine/configurationApply:ConfigurationApply"):
        text = one.get("machineConfigurationInput")
        assert "skipFallback" not in text, f"{one}: a mirror that does not answer stops no boot"
        assert "discovery" not in text, f"{one}: what Talos generates stays"


def test_every_chart_says_which_registries_it_needs() -> None:
    assert set(REGISTRIES) == set(TABLE)
    assert [name for name, found in REGISTRIES.items() if not found] == ["prometheus-operator-crds"], "it runs nothing"


@pytest.mark.skipif(charts.directory() is None, reason=charts.WITHOUT)
def test_the_registries_of_a_chart_are_those_of_its_images(update: Recording) -> None:
    for one in releases(update):
        name = one.get("chart").rsplit("/", maxsplit=1)[-1]
        data = charts.chart_data(name)
        found = set(map(registry, charts.image_names(charts.merged(data.values, one.get("values"))))) if data else set()
        ours = {
            registry(text) for _, text in walk(one.get("values")) if isinstance(text, str) and _IMAGE.fullmatch(text)
        }
        if found:
            assert found <= set(REGISTRIES[name]) <= found | ours, f"{name}: a site mirrors what the table says"
