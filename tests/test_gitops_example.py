"""The applications of examples/gitops: complete in themselves, and at one with the stack file beside them."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from lab.providers.kubernetes import admission
from register.namespaces import own_namespaces
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.definitions import custom_resource_errors
from tests.support.objects import key_of, of_kind
from tests.support.program import ROOT, record_program
from tests.support.recording import Recorded, Recording

EXAMPLE = ROOT / "examples" / "gitops"
APPLICATIONS = ("portal", "whoami")


@cache
def documents(application: str) -> list[dict[str, Any]]:
    """Its objects, in the namespace that kustomize puts them into."""
    listed = yaml.safe_load((EXAMPLE / application / "kustomization.yaml").read_text(encoding="utf-8"))
    found = []
    for file in listed["resources"]:
        for document in yaml.safe_load_all((EXAMPLE / application / file).read_text(encoding="utf-8")):
            if document["kind"] != "Namespace":
                document["metadata"]["namespace"] = listed["namespace"]
            found.append(document)
    return found


OBJECTS = {
    f"{one['kind']} {application}": (application, one) for application in APPLICATIONS for one in documents(application)
}


def merged(into: Path) -> Path:
    """The smallest stack file, with what the applications need."""
    whole = yaml.safe_load((FIXTURES / "valid" / "minimal.yaml").read_text(encoding="utf-8"))
    _merge(whole, yaml.safe_load((EXAMPLE / "stack.yaml").read_text(encoding="utf-8")))
    del whole["config"]["home-cluster:gitops"]["sync"]["url"]
    (file := into / "Pulumi.home.yaml").write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    return file


def _merge(whole: dict[str, Any], part: Mapping[str, Any]) -> None:
    for key, value in part.items():
        if isinstance(value, dict) and isinstance(whole.get(key), dict):
            _merge(whole[key], value)
        else:
            whole[key] = value


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return merged(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def program(stack: Path) -> Recording:
    return record_program(preview=False, stack_file=stack)


def of(application: str, kind: str) -> dict[str, Any]:
    """The one object of that kind."""
    (found,) = (one for one in documents(application) if one["kind"] == kind)
    return found


def pod(application: str) -> dict[str, Any]:
    spec: dict[str, Any] = of(application, "Deployment")["spec"]["template"]["spec"]
    return spec


@pytest.mark.failure("file-that-nobody-reads")
def test_the_lists_name_every_file() -> None:
    for directory in (EXAMPLE, *(EXAMPLE / one for one in APPLICATIONS)):
        listed = yaml.safe_load((directory / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
        there = {one.name for one in directory.iterdir()} - {"kustomization.yaml", "stack.yaml", "README.md"}
        assert sorted(listed) == sorted(there), "what is not listed is not applied"


@pytest.mark.parametrize("name", OBJECTS)
def test_the_api_server_would_take_each_object(name: str) -> None:
    _, body = OBJECTS[name]
    if body["kind"] != "Certificate":
        kubernetes_validate.validate(body, "1.36", strict=True)
    elif (errors := custom_resource_errors(body)) is not None:
        assert errors == [], "the definition of the chart"


@pytest.mark.parametrize("application", APPLICATIONS)
def test_a_pod_has_limits_and_no_rights_and_its_service_leads_to_it(application: str) -> None:
    assert admission.violations(pod(application), "restricted") == [], "whatever its namespace enforces"
    for container in pod(application)["containers"]:
        assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"], "counted"
    labels = of(application, "Deployment")["spec"]["template"]["metadata"]["labels"]
    service, ingress = of(application, "Service")["spec"], of(application, "Ingress")["spec"]
    assert service["selector"].items() <= labels.items(), "it finds the pod"
    named = {port["name"] for container in pod(application)["containers"] for port in container.get("ports", ())}
    assert service["ports"][0]["targetPort"] in named, "and the port"
    backend = ingress["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend == {"name": of(application, "Service")["metadata"]["name"], "port": {"name": "http"}}, (
        "behind Traefik"
    )


def _keys(program: Recording, namespace: str) -> Iterator[tuple[str, str]]:
    """Secret and key of everything that the program brings into a namespace, by itself or by Reflector."""
    for one in of_kind(program, "ExternalSecret"):
        target = one.get("spec", "target")
        copied = (target["template"].get("metadata") or {}).get("annotations", {}).values()
        if namespace == key_of(one).namespace or namespace in copied:
            keys = target["template"].get("data") or [data["secretKey"] for data in one.get("spec", "data")]
            yield from ((target["name"], key) for key in keys)


def test_what_a_pod_reads_is_what_the_program_brings(program: Recording) -> None:
    (login, _), made = pod("portal")["containers"], set(_keys(program, "portal"))
    read = {(one["valueFrom"]["secretKeyRef"]["name"], one["valueFrom"]["secretKeyRef"]["key"]) for one in login["env"]}
    assert len(read) == 4, "client, its secret, the issuer, and the key of the cookie"
    assert read <= made, f"the program brings {sorted(made)}"
    reload = of("portal", "Deployment")["metadata"]["annotations"]["secret.reloader.stakater.com/reload"]
    assert set(reload.split(",")) == {name for name, _ in read}, "each rotation restarts it"
    bundles = [one for one in of_kind(program, "ConfigMap") if key_of(one).namespace == "portal"]
    (volume,) = pod("portal")["volumes"]
    assert volume["configMap"]["name"] in {key_of(one).name for one in bundles if one.get("data", "ca.crt")}, "the CA"


def test_names_of_the_login_are_those_of_the_stack_file(program: Recording, stack: Path) -> None:
    settings = load_stack_file(stack)
    portal, whoami = settings.identity.applications["portal"], settings.identity.proxied["whoami"]
    arguments = pod("portal")["containers"][0]["args"]
    assert f"--redirect-url={portal.redirect_uris[0]}" in arguments, "Authentik takes exactly that"
    hosts = {one: of(one, "Ingress")["spec"]["rules"][0]["host"] for one in APPLICATIONS}
    assert hosts == {"portal": portal.host, "whoami": whoami.host}, "where people are led"
    assert of("portal", "Certificate")["spec"]["dnsNames"] == [portal.host], "what their browser asks for"
    issuer = of("portal", "Certificate")["spec"]["issuerRef"]
    assert (issuer["kind"], issuer["name"]) in {(key_of(one).kind, key_of(one).name) for one in _issuers(program)}
    middleware = of("whoami", "Ingress")["metadata"]["annotations"]["traefik.ingress.kubernetes.io/router.middlewares"]
    made = {f"{key_of(one).namespace}-{key_of(one).name}@kubernetescrd" for one in of_kind(program, "Middleware")}
    assert middleware in made, "without it nobody is asked to log in"


def _issuers(program: Recording) -> list[Recorded]:
    return of_kind(program, "ClusterIssuer")


def test_nothing_is_declared_twice_and_no_pod_is_open_to_all(program: Recording, stack: Path) -> None:
    whole = [one for application in APPLICATIONS for one in documents(application)]
    theirs = {(one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]) for one in whole}
    ours = {
        (key_of(one).kind, key_of(one).namespace, key_of(one).name) for one in program.custom if one.get("metadata")
    }
    assert theirs & ours == set(), "Pulumi and Flux would overwrite each other"
    spaces = {one["metadata"]["namespace"] for one in whole if "namespace" in one["metadata"]}
    assert spaces & own_namespaces(load_stack_file(stack)) == set(), "the API server would refuse it"
    made = {name for kind, _, name in theirs | ours if kind == "Namespace"}
    closed = {namespace for kind, namespace, _ in theirs | ours if kind == "NetworkPolicy"}
    assert spaces <= made & closed, "each namespace is made by one of them, and closed"
