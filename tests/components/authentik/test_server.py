"""Authentik's server and worker: what the one release of every phase must carry; see also facts.yaml."""

import json
from typing import Any

import pytest

from components.authentik.blueprints import guessing
from lib.charts import Catalogue
from lib.images import AUTHENTIK
from register import logins
from tests.components.authentik.deployed import EXTERNAL_SECRET, JOB, RELEASE, SETTINGS, container, worker_volumes
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.objects import environment
from tests.support.program import record_program

SLUGS = [application.slug for application in logins.possible_applications(SETTINGS)]
CLIENTS = [application.slug for application in logins.possible_applications(SETTINGS) if not application.public]
OWN = ("initials", "none", "attributes.")
"""Modes of authentik/lib/avatars.py that ask nobody outside."""


@pytest.fixture
def values(update: Recording) -> dict[str, Any]:
    found: dict[str, Any] = update.one(RELEASE, "authentik-release").get("values")
    return found


@pytest.mark.parametrize(
    ("part", "variable", "key"),
    [
        ("global", "AUTHENTIK_SECRET_KEY", "secret-key"),
        ("global", "AUTHENTIK_POSTGRESQL__PASSWORD", "password"),
        ("worker", "AUTHENTIK_BOOTSTRAP_TOKEN", "bootstrap-token"),
        ("worker", "AUTHENTIK_BOOTSTRAP_PASSWORD", "bootstrap-password"),
    ],
)
def test_a_secret_comes_from_a_key_that_its_external_secret_writes(
    update: Recording, values: dict[str, Any], part: str, variable: str, key: str
) -> None:
    (entry,) = [one for one in values[part]["env"] if one["name"] == variable]
    reference = entry["valueFrom"]["secretKeyRef"]
    written = {
        one.get("metadata", "name"): {item["secretKey"] for item in one.get("spec", "data")}
        for one in update.of_type(EXTERNAL_SECRET)
        if one.get("metadata", "namespace") == "authentik"
    }
    assert reference["key"] == key, "the key"
    assert key in written[reference["name"]], "a missing key would keep the pod from starting"


def test_people_reach_it_by_the_declared_host_with_a_certificate(update: Recording, values: dict[str, Any]) -> None:
    ingress = values["server"]["ingress"]
    (tls,) = ingress["tls"]
    certificate = update.one("kubernetes:cert-manager.io/v1:Certificate", "authentik-tls")
    assert ingress["hosts"] == tls["hosts"] == certificate.get("spec", "dnsNames") == [SETTINGS.identity.host], (
        "rule, TLS and certificate name the same host"
    )
    assert tls["secretName"] == certificate.get("spec", "secretName"), "and the Secret is the certificate's"


def test_every_blueprint_and_client_secret_is_mounted_where_authentik_will_look(values: dict[str, Any]) -> None:
    volumes = worker_volumes(values)
    for slug in ("users", *SLUGS):
        wanted = {"name": f"authentik-blueprints-{slug}", "optional": True}
        assert volumes[f"/blueprints/mounted/{slug}"]["configMap"] == wanted, (
            "optional, for the one of Vault comes a phase later and the release must not change for it"
        )
    for slug in CLIENTS:
        secret = volumes[f"/run/oidc/{slug}"]["secret"]
        assert (secret["secretName"], secret["optional"]) == (f"authentik-oidc-{slug}", True), "which comes after, too"
    assert not [one for one in values["worker"]["volumeMounts"] if "subPath" in one], "the kubelet never renews one"


def test_a_restart_follows_secrets_in_the_environment_and_nothing_that_is_mounted(values: dict[str, Any]) -> None:
    annotations = values["global"]["deploymentAnnotations"]
    (names,) = annotations.values()
    in_environment = {
        entry["valueFrom"]["secretKeyRef"]["name"]
        for part in ("global", "worker")
        for entry in values[part]["env"]
        if "valueFrom" in entry
    }
    assert list(annotations) == ["secret.reloader.stakater.com/reload"], "by name; `auto` would follow blueprints too"
    assert set(names.split(",")) == in_environment, "exactly what a running process cannot see changing"


def test_a_score_of_wrong_answers_lives_as_long_as_people_are_told(values: dict[str, Any]) -> None:
    assert values["authentik"]["reputation"] == {"expiry": guessing.LOCKED_SECONDS}, "a day is Authentik's default"


def test_more_servers_get_a_disruption_budget_and_the_api_another_way() -> None:
    other = record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")
    found = other.one(RELEASE, "authentik-release").get("values", "server")
    assert found["replicas"] == 2, "as declared"
    assert found["pdb"] == {"enabled": True, "maxUnavailable": 1}, "a drained node leaves one"
    assert other.one("pulumi:providers:authentik").get("url") == "https://127.0.0.1:18443", "a tunnel"
    asked = environment(other.one(JOB, "authentik-api"))["AUTHENTIK_URL"]
    assert asked == "https://auth.home.example.com", "pods do not have it"


def test_the_provider_has_the_token_of_the_registry(update: Recording) -> None:
    provider = update.one("pulumi:providers:authentik")
    assert update.issued[provider.get("token")].startswith("authentik-server-bootstrap-token"), "an administrator's"
    assert provider.get("url") == f"https://{SETTINGS.identity.host}", "unless the stack file says another way"
    gate = update.one(JOB, "authentik-api")
    assert update.is_after(gate, update.one(RELEASE, "authentik-release")), "once the pods are ready"
    assert environment(gate)["SSL_CERT_FILE"], "with the platform's CA"


def test_only_the_monitoring_reads_metrics(update: Recording) -> None:
    policy = update.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "authentik-namespace-ingress")
    port = {"port": 9300, "protocol": "TCP"}
    rules = [rule for rule in policy.get("spec", "ingress") if port in rule.get("ports", [])]
    sources = [source for rule in rules for source in rule["from"]]
    assert sources, "a port that nobody can reach is of no use"
    assert all("namespaceSelector" in source for source in sources), "other pods have no business there"


def test_the_pinned_release_is_a_patch_of_the_charts(values: dict[str, Any]) -> None:
    image, chart = values["global"]["image"], Catalogue()["authentik"].version
    assert f"{image['repository']}:{image['tag']}" == AUTHENTIK, "and not the one of the chart"
    assert image["tag"].split(".")[:2] == chart.split(".")[:2], "a chart knows the settings of its own release"
    assert [int(part) for part in image["tag"].split(".")] >= [2026, 8, 4], "the first with working forward auth"


def test_system_settings_are_set_with_the_administrators_token(update: Recording) -> None:
    job = update.one(JOB, "authentik-settings-set")
    wanted = json.loads(environment(job)["SETTINGS"])
    foreign = [mode for mode in wanted["avatars"].split(",") if not mode.startswith(OWN)]
    assert foreign == [], "a digest of everybody's address would go to a third party"
    for field in ("email", "username"):
        assert wanted[f"default_user_change_{field}"] is False, f"people could take the {field} of another"
    (token,) = [one for one in container(job)["env"] if one["name"] == "AUTHENTIK_TOKEN"]
    assert token["valueFrom"]["secretKeyRef"]["key"] == "bootstrap-token", "by reference"
