"""Values of Harbor; see also facts.yaml."""

import json
from pathlib import Path
from typing import Any

from register.databases import DATABASES
from tests.stack_file.stacks import FIXTURES
from tests.support.program import STACK_FILE, record_program

RELEASE = ("kubernetes:helm.sh/v3:Release", "harbor-release")

EVERY_KEY = FIXTURES / "valid" / "every-key.yaml"


def values(stack_file: Path = STACK_FILE) -> dict[str, Any]:
    found: dict[str, Any] = record_program(preview=False, stack_file=stack_file).one(*RELEASE).get("values")
    return found


def referenced(environment: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {
        entry["name"]: (entry["valueFrom"]["secretKeyRef"]["name"], entry["valueFrom"]["secretKeyRef"]["key"])
        for entry in environment
        if "valueFrom" in entry
    }


def test_every_process_gets_valkey_by_a_variable_that_overrides_the_chart() -> None:
    found = values()
    core = referenced(found["core"]["extraEnvVars"])
    assert core["_REDIS_URL_CORE"] == ("valkey", "core"), "sessions and cache of core"
    assert core["_REDIS_URL_REG"] == ("valkey", "registry"), "core clears the registry's cache"
    jobs = referenced(found["jobservice"]["extraEnvVars"])
    assert jobs["JOB_SERVICE_POOL_REDIS_URL"] == ("valkey", "jobservice"), "the queue of jobs"
    registry = referenced(found["registry"]["registry"]["extraEnvVars"])
    assert registry["REGISTRY_REDIS_PASSWORD"] == ("valkey", "password"), "the registry takes user and password apart"


def test_the_exporter_gets_valkey_by_a_variable_too_and_opens_few_connections() -> None:
    exporter = values(EVERY_KEY)["exporter"]
    assert referenced(exporter["extraEnvVars"]) == {"HARBOR_REDIS_URL": ("valkey", "jobservice")}, (
        "of the queue it counts"
    )
    plain = {entry["name"]: entry["value"] for entry in exporter["extraEnvVars"] if "value" in entry}
    assert plain["HARBOR_DATABASE_MAX_OPEN_CONNS"] == str(DATABASES["harbor"].pools["exporter"].size), (
        "as the table says"
    )
    assert exporter["podAnnotations"] == {"reloader.stakater.com/auto": "true"}, "it would keep an old password"


def test_the_connections_of_core_and_jobs_fit_into_a_shared_postgres() -> None:
    assert values()["database"]["maxOpenConns"] * 2 <= 50, "Postgres has 100 for everybody"


def test_no_text_of_the_values_is_longer_than_a_name() -> None:
    longest = max(json.dumps(values()).split('"'), key=len)
    assert len(longest) < 64, f"{longest} looks like a secret or a key"
