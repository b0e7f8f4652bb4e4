"""Authentik's server and worker: what the one release of every phase must carry."""

from typing import Any

import pytest

from components.authentik.blueprints import guessing
from register import logins
from tests.components.authentik.deployed import (
    EXTERNAL_SECRET,
    JOB,
    RELEASE,
    SETTINGS,
    changed,
    environment,
    recorded,
    server_alone,
    under,
    worker_volumes,
)
from tests.support.engine import Recording
from tests.support.wire import walk

SLUGS = [application.slug for application in logins.possible_applications(SETTINGS)]
CLIENTS = [application.slug for application in logins.possible_applications(SETTINGS) if not application.public]


@pytest.fixture(scope="module")
def authentik() -> Recording:
    return recorded(server_alone)


@pytest.fixture(scope="module")
def values(authentik: Recording) -> dict[str, Any]:
    found: dict[str, Any] = authentik.one(RELEASE).get("values")
    return found


def test_no_secret_is_in_the_values(authentik: Recording) -> None:
    release = authentik.one(RELEASE)
    texts = [text for _, text in walk(release.inputs) if isinstance(text, str)]
    assert not [text for text in texts if text in authentik.issued], "a release keeps its values where many can read"
    assert release.secrets == frozenset(), "and a value that is marked secret would be one"


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
    authentik: Recording, values: dict[str, Any], part: str, variable: str, key: str
) -> None:
    (entry,) = [one for one in values[part]["env"] if one["name"] == variable]
    reference = entry["valueFrom"]["secretKeyRef"]
    written = {
        one.get("metadata", "name"): {item["secretKey"] for item in one.get("spec", "data")}
        for one in authentik.of_type(EXTERNAL_SECRET)
    }
    assert reference["key"] == key, "the key"
    assert key in written[reference["name"]], "a missing key would keep the pod from starting"


def test_the_issuer_cannot_turn_http(values: dict[str, Any]) -> None:
    trusted = values["authentik"]["listen"]["trusted_proxy_cidrs"].split(",")
    assert str(SETTINGS.network.pods) in trusted, "Traefik connects from the network of the pods"
    assert set(trusted) - {str(SETTINGS.network.pods)} == {"127.0.0.0/8", "::1/128"}, "nobody else is believed"
    assert values["authentik"]["web"]["base_url"] == f"https://{SETTINGS.identity.host}", "scheme and host, no path"


def test_people_reach_it_by_the_declared_host_with_a_certificate(authentik: Recording, values: dict[str, Any]) -> None:
    ingress = values["server"]["ingress"]
    (tls,) = ingress["tls"]
    certificate = authentik.one("kubernetes:cert-manager.io/v1:Certificate")
    assert ingress["hosts"] == tls["hosts"] == certificate.get("spec", "dnsNames") == [SETTINGS.identity.host], (
        "rule, TLS and certificate name the same host"
    )
    assert tls["secretName"] == certificate.get("spec", "secretName"), "and the Secret is the certificate's"


@pytest.mark.parametrize("slug", ["users", *SLUGS])
def test_every_blueprint_is_mounted_where_authentik_will_call_it(values: dict[str, Any], slug: str) -> None:
    volume = worker_volumes(values)[f"/blueprints/mounted/{slug}"]
    assert volume["configMap"] == {"name": f"authentik-blueprints-{slug}", "optional": True}, (
        "optional, for the one of Vault comes a phase later and the release must not change for it"
    )


@pytest.mark.parametrize("slug", CLIENTS)
def test_every_client_secret_is_mounted_where_its_blueprint_reads_it(values: dict[str, Any], slug: str) -> None:
    volume = worker_volumes(values)[f"/run/oidc/{slug}"]
    assert volume["secret"]["secretName"] == f"authentik-oidc-{slug}", "the Secret of this application"
    assert volume["secret"]["optional"] is True, "which comes after the worker"


def test_no_mount_is_a_single_file_that_the_kubelet_would_never_renew(values: dict[str, Any]) -> None:
    assert not [mount for mount in values["worker"]["volumeMounts"] if "subPath" in mount], "a subPath stays as it was"


def test_only_one_worker_at_a_time_reads_blueprints(values: dict[str, Any]) -> None:
    assert values["worker"]["replicas"] == 1, "one"
    assert values["worker"]["deploymentStrategy"] == {"type": "Recreate"}, "also during an update"


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


def test_pods_satisfy_the_restricted_standard(values: dict[str, Any]) -> None:
    pod = values["global"]["securityContext"]
    assert pod["runAsNonRoot"] is True, "no root"
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}, "the runtime's filter"
    for part in ("server", "worker"):
        context = values[part]["containerSecurityContext"]
        assert context["allowPrivilegeEscalation"] is False, f"{part} gains no rights"
        assert context["capabilities"] == {"drop": ["ALL"]}, f"{part} needs no capability"
        assert values[part]["resources"]["limits"]["memory"], f"{part} cannot take the node's memory"
        assert values[part]["resources"]["requests"], f"{part} is scheduled by what it needs"


def test_nothing_of_it_talks_to_the_kubernetes_api(values: dict[str, Any]) -> None:
    assert values["serviceAccount"] == {"create": False}, "the chart's account may create Deployments and Secrets"
    for part in ("server", "worker"):
        assert values[part]["automountServiceAccountToken"] is False, f"{part}: and the default one is not handed out"
    assert values["server"]["serviceAccountName"] == "default", "without a name the chart ignores the line above"
    assert values["authentik"]["outposts"] == {"discover": False}, "so Authentik does not look for one"


def test_a_score_of_wrong_answers_lives_as_long_as_people_are_told(values: dict[str, Any]) -> None:
    assert values["authentik"]["reputation"] == {"expiry": guessing.LOCKED_SECONDS}, "a day is Authentik's default"


def test_the_bundled_database_stays_off(values: dict[str, Any]) -> None:
    assert values["postgresql"] == {"enabled": False}, "an image nobody maintains, and no backup"


def test_more_servers_get_a_disruption_budget() -> None:
    settings = changed(identity={"replicas": 3})
    recording = under(settings)
    found = recording.one(RELEASE).get("values", "server")
    assert found["replicas"] == 3, "as declared"
    assert found["pdb"] == {"enabled": True, "maxUnavailable": 1}, "a drained node leaves two"


def test_the_gate_asks_by_the_public_name_with_trust_in_the_platforms_ca(authentik: Recording) -> None:
    gate = authentik.one(JOB, "authentik-api")
    given = environment(gate)
    assert given["AUTHENTIK_URL"] == f"https://{SETTINGS.identity.host}", "as people and clients do"
    assert given["SSL_CERT_FILE"], "with the platform's CA"
    assert authentik.is_after(gate, authentik.one(RELEASE)), "once the pods are ready"


def test_the_provider_waits_for_the_gate_and_keeps_its_token_secret(authentik: Recording) -> None:
    provider = authentik.one("pulumi:providers:authentik")
    assert authentik.is_after(provider, authentik.one(JOB, "authentik-api")), "it calls the API when it is configured"
    assert provider.is_secret("token"), "an administrator's token"
    assert provider.get("token") in authentik.issued, "the one of the secret registry"
    assert provider.get("url") == f"https://{SETTINGS.identity.host}", "unless the stack file says another way"


def test_the_stack_file_may_name_another_way_to_the_api() -> None:
    settings = changed(identity={"url": "https://localhost:9443"})
    recording = under(settings)
    assert recording.one("pulumi:providers:authentik").get("url") == "https://localhost:9443", "a tunnel"
    assert environment(recording.one(JOB, "authentik-api"))["AUTHENTIK_URL"] == f"https://{SETTINGS.identity.host}", (
        "which pods do not have"
    )


def test_metrics_are_served_and_only_the_monitoring_reads_them(
    authentik: Recording, values: dict[str, Any], update: Recording
) -> None:
    for part in ("server", "worker"):
        assert values[part]["metrics"]["enabled"] is True, f"{part}: the Service that Prometheus finds"
    policy = update.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "authentik-namespace-ingress")
    rules = [
        rule for rule in policy.get("spec", "ingress") if {"port": 9300, "protocol": "TCP"} in rule.get("ports", [])
    ]
    sources = [source for rule in rules for source in rule["from"]]
    assert sources, "a port that nobody can reach is of no use"
    assert all("namespaceSelector" in source for source in sources), "other pods have no business there"


def test_switching_a_service_off_does_not_restart_authentik() -> None:
    off = under(changed(gitea={"enabled": False, "organisations": {}}, vault={"oidc": False})).one(RELEASE)
    on = under(SETTINGS).one(RELEASE)
    assert off.get("values") == on.get("values"), "the worker has room for every application of the platform"
