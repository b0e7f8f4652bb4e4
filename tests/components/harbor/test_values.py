"""Values of Harbor."""

import json
from typing import Any

from components.harbor.values import HarborSecrets, HarborValues, values
from register.databases import DATABASES

SECRETS = HarborSecrets(
    admin="admin",
    database="database",
    encryption="encryption",
    server="server",
    token="token",
    registry="registry-credentials",
    valkey="valkey",
    oidc="oidc",
    tls="tls",
    ca="ca",
)


def built(*, service_monitors: bool = False) -> dict[str, Any]:
    return values(
        HarborValues(
            host="registry.example.com",
            secrets=SECRETS,
            storage_class="fast",
            registry_size="3Gi",
            service_monitors=service_monitors,
        )
    )


def referenced(environment: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {
        entry["name"]: (entry["valueFrom"]["secretKeyRef"]["name"], entry["valueFrom"]["secretKeyRef"]["key"])
        for entry in environment
        if "valueFrom" in entry
    }


def test_the_chart_learns_no_password_of_valkey() -> None:
    external = built()["redis"]["external"]
    assert set(external) == {"addr"}, "the chart writes a user or password it knows into three ConfigMaps"


def test_every_process_gets_valkey_by_a_variable_that_overrides_the_chart() -> None:
    found = built()
    core = referenced(found["core"]["extraEnvVars"])
    assert core["_REDIS_URL_CORE"] == ("valkey", "core"), "sessions and cache of core"
    assert core["_REDIS_URL_REG"] == ("valkey", "registry"), "core clears the registry's cache"
    jobs = referenced(found["jobservice"]["extraEnvVars"])
    assert jobs["JOB_SERVICE_POOL_REDIS_URL"] == ("valkey", "jobservice"), "the queue of jobs"
    registry = referenced(found["registry"]["registry"]["extraEnvVars"])
    assert registry["REGISTRY_REDIS_PASSWORD"] == ("valkey", "password"), "the registry takes user and password apart"


def test_the_charts_own_scanner_is_off() -> None:
    assert built()["trivy"]["enabled"] is False, "it would ask Valkey without a password"


def test_the_exporter_gets_valkey_by_a_variable_too_and_opens_few_connections() -> None:
    assert "exporter" not in built(), "where nobody reads metrics, it takes no connections"
    exporter = built(service_monitors=True)["exporter"]
    assert referenced(exporter["extraEnvVars"]) == {"HARBOR_REDIS_URL": ("valkey", "jobservice")}, (
        "of the queue it counts"
    )
    plain = {entry["name"]: entry["value"] for entry in exporter["extraEnvVars"] if "value" in entry}
    assert plain["HARBOR_DATABASE_MAX_OPEN_CONNS"] == str(DATABASES["harbor"].pools["exporter"].size), (
        "as the table says"
    )
    assert exporter["podAnnotations"] == {"reloader.stakater.com/auto": "true"}, "it would keep an old password"


def test_no_default_password_of_the_chart_is_left() -> None:
    found = built()
    for key in ("existingSecretAdminPassword", "existingSecretSecretKey"):
        assert found[key], f"without {key} the chart has a password that everybody knows"
    assert found["database"]["external"]["existingSecret"] == "database", "the chart's default is `password`"
    assert found["registry"]["credentials"]["existingSecret"], "the chart's default is public"
    assert not {"harborAdminPassword", "secretKey", "password"} & set(found), "values are no place for secrets"


def test_the_connections_of_core_and_jobs_fit_into_a_shared_postgres() -> None:
    assert built()["database"]["maxOpenConns"] * 2 <= 50, "Postgres has 100 for everybody"


def test_workloads_with_a_volume_are_replaced_and_follow_their_secrets() -> None:
    found = built()
    assert found["updateStrategy"] == {"type": "Recreate"}, "a ReadWriteOnce volume deadlocks a rolling update"
    for component in ("core", "jobservice", "registry"):
        annotations = found[component]["podAnnotations"]
        assert annotations == {"reloader.stakater.com/auto": "true"}, f"{component} would keep an old password"


def test_the_authority_is_trusted_and_offered() -> None:
    found = built()
    assert found["caBundleSecretName"] == found["caSecretName"] == "ca", "core must trust Authentik, users the registry"


def test_no_text_of_the_values_is_longer_than_a_name() -> None:
    longest = max(json.dumps(built()).split('"'), key=len)
    assert len(longest) < 64, f"{longest} looks like a secret or a key"
