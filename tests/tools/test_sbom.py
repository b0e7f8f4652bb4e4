"""The bill of materials names whatever is locked or run, once, with its hash, and is what CycloneDX calls one."""

import json
import re
from typing import Any

import pytest

from tests.support.program import ROOT
from tools import sbom
from tools.listing import Image, Listing

DIGEST = "ab" * 32
FOUND = Listing(
    stack="home",
    images=[
        Image("ghcr.io/team/Notes:1.2.3", ["notes"], f"sha256:{DIGEST}"),
        Image("registry.k8s.io/etcd", ["control planes"]),
        Image("haproxy:3.2.23", ["chat", "edge"]),
    ],
    charts=[{"chart": "cilium", "version": "1.20.2", "source": "https://helm.example.com", "reader": "cilium-release"}],
    files=["https://factory.example.com/image/0/v1.13.7/nocloud-amd64.qcow2"],
    plugins=["talos 0.8.1"],
    unknown=["images of a chart"],
)


@pytest.fixture(scope="module")
def components() -> dict[str, dict[str, Any]]:
    return {one["purl"]: one for one in sbom.document(FOUND, ROOT)["components"]}


def test_every_locked_package_and_module_is_there_with_its_hashes(components: dict[str, dict[str, Any]]) -> None:
    for lock in ROOT.glob("requirements*.txt"):
        for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text(), re.MULTILINE):
            one = components[f"pkg:pypi/{re.sub('[-_.]+', '-', name).lower()}@{version}"]
            assert one["hashes"], f"{lock.name}: {name}"
            assert lock.name in {source["value"] for source in one["properties"]}
    pulumi = components["pkg:golang/github.com/pulumi/pulumi/sdk/v3@v3.250.0"]
    assert (pulumi["scope"], len(pulumi["hashes"])) == ("required", 1)
    assert components["pkg:golang/github.com/rhysd/actionlint@v1.7.12"]["scope"] == "excluded", "for checks alone"
    assert components["pkg:pypi/pyyaml@6.0.3"]["scope"] == "required", "of the program, although tests need it as well"


@pytest.mark.parametrize(
    ("purl", "kind", "readers"),
    [
        (f"pkg:oci/notes@sha256%3A{DIGEST}?repository_url=ghcr.io%2Fteam%2FNotes&tag=1.2.3", "container", ["notes"]),
        ("pkg:docker/etcd?repository_url=registry.k8s.io", "container", ["control planes"]),
        ("pkg:docker/haproxy@3.2.23?repository_url=docker.io", "container", ["chat", "edge"]),
        ("pkg:helm/cilium@1.20.2?repository_url=https%3A%2F%2Fhelm.example.com", "library", ["cilium-release"]),
        ("pkg:generic/pulumi-resource-talos@0.8.1", "application", []),
    ],
)
def test_what_a_stack_runs_is_there_with_its_readers(
    components: dict[str, dict[str, Any]], purl: str, kind: str, readers: list[str]
) -> None:
    one = components[purl]
    assert (one["type"], [source["value"] for source in one["properties"]]) == (kind, readers)
    assert one.get("hashes", []) == ([{"alg": "SHA-256", "content": DIGEST}] if "oci" in purl else [])


def test_what_is_not_known_is_said_in_it() -> None:
    assert {"name": "home-cluster:not-known", "value": "images of a chart"} in sbom.document(FOUND, ROOT)["metadata"][
        "properties"
    ]


def test_the_schema_of_cyclonedx_takes_it_and_no_other() -> None:
    """Where the environment of requirements-audit.txt is at hand: `make sbom` fetches it."""
    made = sbom.document(FOUND, ROOT)
    made["components"] = made["components"][-40:]
    made["dependencies"] = []
    said = sbom.defect(json.dumps(made), "--offline")
    if "offline" in said or "network was disabled" in said:
        pytest.skip(said.splitlines()[-1])
    assert not said
    made["components"][0]["scope"] = "sometimes"
    assert "is not one of" in sbom.defect(json.dumps(made), "--offline")
