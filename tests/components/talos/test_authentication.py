"""What a control plane is told so that people use the Kubernetes API with their login at Authentik."""

from typing import Any

import pytest
import yaml

from components.kubernetes import login as kubernetes_login
from components.talos import authentication
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES

SETTINGS = load_stack_file(FIXTURES / "valid" / "applications.yaml")
KUBECTL = kubernetes_login.application(SETTINGS)
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.fixture
def patch() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(authentication.api_server(KUBECTL, PEM))
    return loaded


@pytest.fixture
def configuration(patch: dict[str, Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(patch["machine"]["files"][0]["content"])
    return loaded


def test_the_file_is_where_talos_may_write_and_the_server_may_read(patch: dict[str, Any]) -> None:
    (file,), server = patch["machine"]["files"], patch["cluster"]["apiServer"]
    assert file["path"].startswith("/var/"), "Talos refuses to create a file anywhere else"
    assert file["op"] == "create", "a file of the image could not be overwritten"
    assert file["permissions"] & 0o004, "the API server runs as nobody"
    (volume,) = server["extraVolumes"]
    assert file["path"].startswith(f"{volume['mountPath']}/"), "inside what its pod sees"
    assert volume["hostPath"] == volume["mountPath"], "under the name that it has on the node"
    assert volume["readonly"] is True, "which it has no business changing"
    assert server["extraArgs"] == {"authentication-config": file["path"]}, "and no --oidc flag, which would end it"


def test_tokens_are_those_of_kubectls_client_and_of_no_other(configuration: dict[str, Any]) -> None:
    assert (configuration["apiVersion"], configuration["kind"]) == (
        "apiserver.config.k8s.io/v1",
        "AuthenticationConfiguration",
    ), "the stable form"
    (issuer,) = [one["issuer"] for one in configuration["jwt"]]
    assert issuer["url"] == f"https://{SETTINGS.identity.host}/application/o/kubernetes/", "equal to the letter"
    assert issuer["audiences"] == [KUBECTL.client_id], "a token for Gitea opens nothing here"
    assert issuer["certificateAuthority"] == PEM, "the node knows only public authorities"


def test_nobody_from_authentik_can_be_named_like_somebody_of_kubernetes(configuration: dict[str, Any]) -> None:
    mappings = configuration["jwt"][0]["claimMappings"]
    assert mappings["username"]["claim"] == "sub", "the name that is never given to somebody else"
    assert mappings["groups"]["claim"] == "groups", "as Authentik calls them"
    assert {mapping["prefix"] for mapping in mappings.values()} == {"oidc:"}, "system:masters would be an administrator"


def test_the_node_finds_authentik_without_any_name_service() -> None:
    document = yaml.safe_load(authentication.host(KUBECTL, SETTINGS.network.of_nodes))
    assert document == {
        "apiVersion": "v1alpha1",
        "kind": "StaticHostConfig",
        "name": str(SETTINGS.network.load_balancers.ingress),
        "hostnames": [SETTINGS.identity.host],
    }, "the resolvers of the nodes need not know the platform"


def test_kubectl_is_a_public_client_that_may_refresh() -> None:
    assert KUBECTL.public, "a program on people's machines keeps no secret"
    assert KUBECTL.offline_access, "or a browser would open every ten minutes"
    assert set(KUBECTL.groups) == set(SETTINGS.talos.cluster_roles if SETTINGS.talos else ()), "who has a role"
