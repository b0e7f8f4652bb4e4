"""What the nodes are told of Harbor."""

from typing import Any

import pytest
import yaml

from components.kubernetes import login as kubernetes_login
from components.talos import authentication, registry
from settings.model import Settings
from stack_file.load import parse
from tests.stack_file.stacks import SHIPPED, sections

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
HOST = "registry.test-cluster.agentydragon.com"


@pytest.fixture
def settings() -> Settings:
    stack = sections(SHIPPED)
    stack["harbor"]["projects"]["proxy-docker"]["public"] = True
    stack["harbor"]["nodeMirrors"] = {"docker.io": "proxy-docker"}
    return parse(stack)


def documents(settings: Settings) -> dict[str, Any]:
    return {one["kind"]: one for one in yaml.safe_load_all(registry.patch(settings, CERTIFICATE))}


def test_images_come_through_the_cache_and_the_registry_stays_the_fallback(settings: Settings) -> None:
    mirror = documents(settings)["RegistryMirrorConfig"]
    assert mirror["name"] == "docker.io", "the host in the names of the images"
    assert mirror["endpoints"] == [{"url": f"https://{HOST}/v2/proxy-docker", "overridePath": True}], (
        "the project is a part of the path, behind the API's own"
    )
    assert not mirror.get("skipFallback"), "a node boots without Harbor"


def test_the_authority_is_trusted_for_this_registry_alone(settings: Settings) -> None:
    trusted = documents(settings)["RegistryTLSConfig"]
    assert (trusted["name"], trusted["ca"]) == (HOST, CERTIFICATE), "the host of the mirror's URL, and its CA"


def test_the_nodes_know_the_host_without_asking_a_resolver(settings: Settings) -> None:
    known = documents(settings)["StaticHostConfig"]
    assert known["name"] == str(settings.network.load_balancers.ingress), "where Traefik answers"
    assert known["hostnames"] == [HOST], "to the name on the certificate"


def test_a_control_plane_with_both_patches_knows_both_hosts(settings: Settings) -> None:
    login = yaml.safe_load(authentication.host(kubernetes_login.application(settings), settings.network.of_nodes))
    mine = documents(settings)["StaticHostConfig"]
    assert (login["kind"], login["name"]) == (mine["kind"], mine["name"]), "Talos merges them, and appends the lists"
    assert login["hostnames"] != mine["hostnames"], "so neither hides the other"


def test_without_mirrors_the_nodes_still_trust_the_registry_whose_images_they_run() -> None:
    found = documents(parse(sections(SHIPPED)))
    assert set(found) == {"RegistryTLSConfig", "StaticHostConfig"}, "or no pull with a robot's Secret would succeed"
