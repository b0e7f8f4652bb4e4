"""Values of Gitea; see also facts.yaml."""

from pathlib import Path
from typing import Any

from components.gitea import login
from tests.components.services import RELEASE, SETTINGS
from tests.stack_file.stacks import FIXTURES
from tests.support.program import STACK_FILE, record_program

EVERY_KEY = FIXTURES / "valid" / "every-key.yaml"


def values(stack_file: Path = STACK_FILE) -> dict[str, Any]:
    program = record_program(preview=False, stack_file=stack_file)
    found: dict[str, Any] = program.one(RELEASE, "gitea-release").get("values")
    return found


def names(environment: list[dict[str, Any]]) -> set[str]:
    return {entry["name"] for entry in environment}


def test_a_key_that_must_stay_reaches_the_first_start_only() -> None:
    found = values()
    every_start, first_start = found["deployment"]["env"], found["gitea"]["additionalConfigFromEnvs"]
    assert "GITEA__SECURITY__SECRET_KEY" in names(first_start), "the chart would make one of its own"
    assert "GITEA__SECURITY__SECRET_KEY" not in names(every_start), "another key makes encrypted columns unreadable"


def test_what_may_change_reaches_every_start() -> None:
    rotating = {"GITEA__SECURITY__INTERNAL_TOKEN", "GITEA__OAUTH2__JWT_SECRET", "GITEA__SERVER__LFS_JWT_SECRET"}
    assert rotating <= names(values()["deployment"]["env"]), "the chart's init container keeps the first ones for ever"


def test_every_container_trusts_public_authorities_and_the_clusters() -> None:
    found = values()
    trusts = {"name": "SSL_CERT_DIR", "value": "/etc/ssl/certs:/etc/cluster-ca"}
    login_source = found["postExtraInitContainers"][0]
    for container, mounts in (
        (found["deployment"]["env"], found["extraContainerVolumeMounts"]),
        (found["deployment"]["env"], found["extraInitVolumeMounts"]),
        (login_source["env"], login_source["volumeMounts"]),
    ):
        assert trusts in container, "Go would not read the directory"
        assert "/etc/cluster-ca" in {mount["mountPath"] for mount in mounts}, "the directory would be empty"


def test_the_login_is_set_up_with_the_image_and_configuration_of_gitea() -> None:
    found = values()
    login_source = found["postExtraInitContainers"][0]
    assert login_source["image"] == found["image"]["fullOverride"], "another release would migrate the database"
    plain = {entry["name"]: entry.get("value") for entry in login_source["env"]}
    assert plain["GITEA_APP_INI"] == "/data/gitea/conf/app.ini", "that is where the chart puts it"
    assert plain["DISCOVERY_URL"] == login.application(SETTINGS).discovery_url, "the declared application and no other"
    assert plain["CLIENT_SECRET"] is None, "the secret comes by reference"


def test_a_migration_has_the_memory_of_the_server() -> None:
    found = values()
    assert found["initContainers"]["resources"]["limits"] == found["resources"]["limits"], "it does the same work"


def test_metrics_are_served_to_those_who_have_the_token() -> None:
    found = values()
    (token,) = [entry for entry in found["deployment"]["env"] if entry["name"] == "GITEA__METRICS__TOKEN"]
    assert token["valueFrom"] == {"secretKeyRef": {"name": "metrics", "key": "token"}}, "without it they are public"


def test_workflows_are_off_until_they_are_asked_for() -> None:
    found = values()
    assert "GITEA_RUNNER_REGISTRATION_TOKEN" not in names(found["deployment"]["env"]), "there is nobody to register"


def test_runners_register_with_a_token_that_nobody_pasted() -> None:
    found = values(EVERY_KEY)
    assert found["gitea"]["config"]["actions"] == {"ENABLED": True}, "the runners would wait for ever"
    (token,) = [one for one in found["deployment"]["env"] if one["name"] == "GITEA_RUNNER_REGISTRATION_TOKEN"]
    assert token["valueFrom"]["secretKeyRef"]["name"] == "runner-registration", "Gitea takes it at its start"
