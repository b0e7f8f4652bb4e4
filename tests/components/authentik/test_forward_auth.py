"""Applications that know no login: from one declaration to a request that is sent to Authentik first."""

import itertools
from typing import Any

import pytest

from declarations.forward_auth import ANNOTATION
from tests.components.authentik.blueprints.documents import load, the
from tests.components.authentik.declared import DOMAIN, declared
from tests.support.engine import Recording
from tests.support.objects import environment

JOB, CONFIG_MAP, INGRESS = (
    "kubernetes:batch/v1:Job",
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:networking.k8s.io/v1:Ingress",
)
MIDDLEWARE, CERTIFICATE = "kubernetes:traefik.io/v1alpha1:Middleware", "kubernetes:cert-manager.io/v1:Certificate"
RELEASE = "kubernetes:helm.sh/v3:Release"
HOSTS = {"wiki": f"wiki.{DOMAIN}", "printer": f"printer.{DOMAIN}"}

each = pytest.mark.parametrize("slug", sorted(HOSTS))


@pytest.fixture(scope="module")
def both() -> Recording:
    return declared()


@pytest.fixture(scope="module")
def forward_auth(both: Recording) -> dict[str, Any]:
    found: dict[str, Any] = both.one(MIDDLEWARE).get("spec", "forwardAuth")
    return found


@each
def test_provider_outpost_and_proof_come_in_this_order(both: Recording, slug: str) -> None:
    chain = [
        both.one(JOB, "blueprint-users-apply"),
        both.one(JOB, f"login-{slug}-blueprint-apply"),
        both.one(JOB, "forward-auth-outpost-apply"),
        both.one(JOB, f"login-{slug}-redirect"),
    ]
    for earlier, later in itertools.pairwise(chain):
        assert both.is_after(later, earlier), f"{later} uses what {earlier} proves"


@each
def test_the_worker_mounts_the_blueprint(both: Recording, slug: str) -> None:
    volumes = both.one(RELEASE, "authentik-release").get("values", "worker", "volumes")
    names = {(volume.get("configMap") or {}).get("name") for volume in volumes}
    assert {f"authentik-blueprints-{slug}", "authentik-blueprints-outpost"} <= names, "its own, and the list"


def test_the_outpost_answers_for_all_of_them(both: Recording) -> None:
    document = load(both.one(CONFIG_MAP, "forward-auth-outpost-file").get("data", "outpost.yaml"))
    providers = the(document, "authentik_outposts.outpost")["fields"]["providers"]
    assert {tag.value[1][1] for tag in providers} == set(HOSTS), "the list is replaced as a whole"


def test_traefik_asks_the_server_past_the_ingress(forward_auth: dict[str, Any]) -> None:
    wanted = "http://authentik-server.authentik.svc/outpost.goauthentik.io/auth/traefik"
    assert forward_auth["address"] == wanted, "the address that answers for Traefik"


def test_nobody_can_pretend_to_have_asked_for_another_host(forward_auth: dict[str, Any]) -> None:
    assert forward_auth["trustForwardHeader"] is False, "Traefik would pass on what the client says"


def test_a_client_cannot_bring_a_name_along(forward_auth: dict[str, Any]) -> None:
    passed = {header.lower() for header in forward_auth["authResponseHeaders"]}
    identity = {"x-authentik-username", "x-authentik-groups", "x-authentik-email", "x-authentik-uid", "x-authentik-jwt"}
    assert identity <= passed, "Traefik drops exactly these from the request, whether Authentik answers them or not"


def test_the_documented_annotation_names_the_middleware(both: Recording) -> None:
    middleware = both.one(MIDDLEWARE)
    reference = f"{middleware.get('metadata', 'namespace')}-{middleware.get('metadata', 'name')}@kubernetescrd"
    assert list(ANNOTATION.values()) == [reference], "<namespace>-<name>@kubernetescrd, as Traefik calls it"


@each
def test_what_belongs_to_the_login_on_its_host_leads_to_authentik_over_tls(both: Recording, slug: str) -> None:
    ingress, certificate = both.one(INGRESS, f"login-{slug}-route"), both.one(CERTIFICATE, f"login-{slug}-tls")
    (rule,) = ingress.get("spec", "rules")
    (path,) = rule["http"]["paths"]
    (tls,) = ingress.get("spec", "tls")
    assert rule["host"] == HOSTS[slug], "its host"
    assert (path["path"], path["pathType"]) == ("/outpost.goauthentik.io/", "Prefix"), "and no other path of it"
    assert path["backend"]["service"] == {"name": "authentik-server", "port": {"number": 80}}, "the chart's Service"
    assert tls == {"hosts": [HOSTS[slug]], "secretName": certificate.get("spec", "secretName")}, "with a certificate"
    assert certificate.get("spec", "dnsNames") == [HOSTS[slug]], "of that name"
    namespaces = {one.get("metadata", "namespace") for one in (ingress, certificate)}
    assert namespaces == {"authentik"}, "where Traefik may connect to the server"


@each
def test_the_gate_asks_what_traefik_will_ask(both: Recording, forward_auth: dict[str, Any], slug: str) -> None:
    given = environment(both.one(JOB, f"login-{slug}-redirect"))
    assert given["FORWARD_AUTH_URL"] == forward_auth["address"], "the same address"
    assert given["FORWARDED_HOST"] == HOSTS[slug], "for the host"
    assert given["AUTH_HOST"] == f"auth.{DOMAIN}", "and expects the public login"


def test_no_phase_waits_for_an_application_that_the_platform_does_not_need(both: Recording) -> None:
    gate = both.one(JOB, "login-wiki-redirect")
    for release in ("gitea-release", "harbor-release"):
        assert not both.is_after(both.one(RELEASE, release), gate), f"{release} owes nothing to the wiki"
