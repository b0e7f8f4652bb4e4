"""What holds for every service of phase 4."""

import re
from collections.abc import Callable

import pulumi
import pytest

from tests.components.services import (
    CERTIFICATE,
    JOB,
    RELEASE,
    external_secrets,
    gitea,
    harbor,
    matrix,
    recorded,
    template,
)
from tests.support.engine import Recording

Build = Callable[[pulumi.ResourceOptions], None]
_TYPE = ("spec", "target", "template", "type")


@pytest.fixture(params=[gitea, harbor, matrix], ids=["gitea", "harbor", "matrix"])
def service(request: pytest.FixtureRequest) -> Recording:
    build: Build = request.param
    return recorded(build)


def test_the_release_comes_after_every_secret_and_the_certificate(service: Recording) -> None:
    release = service.one(RELEASE)
    # A login to the registry is read by the Job that makes it known, and by kubelets, but by no pod of the release.
    own = [one for one in external_secrets(service).values() if one.get(*_TYPE) != "kubernetes.io/dockerconfigjson"]
    for one in [*own, service.one(CERTIFICATE)]:
        assert service.is_after(release, one), f"a pod would wait for the Secret of {one} until Helm gives up"


def test_secrets_and_certificate_wait_for_those_who_make_them(service: Recording) -> None:
    store, issuer = service.named("store")[0], service.named("issuer")[0]
    assert service.is_after(service.one(CERTIFICATE), issuer), "no issuer, no certificate"
    for one in external_secrets(service).values():
        assert service.is_after(one, store), f"{one} would time out on a store that does not serve"
        assert service.is_after(one, service.one("kubernetes:core/v1:Namespace")), f"{one} needs its namespace"


def test_the_gate_is_behind_the_release(service: Recording) -> None:
    assert service.is_after(service.one(JOB, "*-login"), service.one(RELEASE)), (
        "before the release there is nobody to ask"
    )


def test_no_value_of_a_secret_reaches_the_release_or_an_external_secret(service: Recording) -> None:
    assert service.issued, "without issued secrets this test could not fail"
    for one in [service.one(RELEASE), *external_secrets(service).values()]:
        for path, text, _ in one.strings():
            leaked = [origin for value, origin in service.issued.items() if value in text]
            assert not leaked, f"{one} holds {leaked} at {path}"


def test_the_namespace_is_restricted_and_lets_only_traefik_in(service: Recording) -> None:
    labels = service.one("kubernetes:core/v1:Namespace").get("metadata", "labels")
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted", "every chart here satisfies that level"
    whole = service.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "*-namespace-ingress")
    policy = whole.get("spec", "ingress", 0, "from")
    others = [source["namespaceSelector"]["matchLabels"] for source in policy if "namespaceSelector" in source]
    assert others == [{"kubernetes.io/metadata.name": "traefik"}], "people come through the ingress only"


def test_composed_secrets_use_only_variables_that_they_declare(service: Recording) -> None:
    composed = [one for one in external_secrets(service).values() if one.get("spec", "target", "template", "data")]
    for one in composed:
        variables = {entry["secretKey"] for entry in one.get("spec", "data")}
        for key, text in template(one).items():
            expressions = [part.split("}}")[0] for part in text.split("{{")[1:]]
            used = {name for expression in expressions for name in re.findall(r"\.(\w+)", expression)}
            assert used <= variables, f"{one}: {key} uses {used - variables}, which External Secrets would leave empty"
