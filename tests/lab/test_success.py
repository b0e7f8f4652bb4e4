"""The metrics of success on what the program emits for Harbor and Matrix, which the engine tests leave out."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from lab.driver import Result
from lab.phases import Phases
from lab.providers.kubernetes.cluster import RELEASES
from lab.providers.operators.templates import render
from lab.success import Evidence, Metric, tables
from lab.success.login import hosts, onboarding, single_sign_on
from stack_file.load import load_stack_file
from tests.lab.bench import Bench
from tests.support.engine import Recording
from tests.support.objects import key_of, of_kind
from tests.support.program import ROOT, STACK_FILE

CONFIGURATION = "CONFIG_OVERWRITE_JSON"


@pytest.fixture
def platform(bench: Bench, update: Recording) -> Bench:
    """The releases of the services, with the values of the program, and the login settings of Harbor."""
    bench.with_kubernetes()
    for name in ("gitea", "harbor", "matrix"):
        values = update.one("kubernetes:helm.sh/v3:Release", f"{name}-release").get("values")
        record = {"name": name, "namespace": name, "chart": name, "values": values}
        bench.world.put(RELEASES, f"{name}/{name}", record)
    put_login_settings(bench, login_settings(update))
    return bench


def login_settings(update: Recording) -> dict[str, Any]:
    wanted = next(
        one
        for one in of_kind(update, "ExternalSecret")
        if (key_of(one).namespace, one.get("spec", "target", "name")) == ("harbor", "oidc")
    )
    text = render(wanted.get("spec", "target", "template", "data", CONFIGURATION), {"client_secret": "x"})
    found: dict[str, Any] = json.loads(text)
    return found


def put_login_settings(bench: Bench, settings: Mapping[str, Any]) -> None:
    data = {CONFIGURATION: base64.b64encode(json.dumps(settings).encode()).decode()}
    metadata = {"name": "oidc", "namespace": "harbor", "uid": "oidc"}
    bench.cluster.store({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})


def evidence(bench: Bench) -> Evidence:
    return Evidence(load_stack_file(STACK_FILE), bench.cluster, {}, Phases(), Result(True), None, 0)


def measured(bench: Bench) -> Metric:
    return onboarding(evidence(bench))


def test_every_service_makes_accounts_by_itself(platform: Bench) -> None:
    found = measured(platform)
    assert (found.result, found.problems) == ("3/3", []), "as the program sets them up"


@pytest.mark.parametrize("key", ["oidc_auto_onboard", "auth_mode", "oidc_groups_claim"])
def test_a_registry_that_asks_a_new_person_fails(platform: Bench, update: Recording, key: str) -> None:
    put_login_settings(platform, {**login_settings(update), key: None})
    assert measured(platform).problems == [f"harbor: {key} is None and not {_wanted(key)!r}"], "the setting by its name"


def _wanted(key: str) -> object:
    return {"oidc_auto_onboard": True, "auth_mode": "oidc_auth", "oidc_groups_claim": "groups"}[key]


def test_a_registry_without_its_login_settings_fails(platform: Bench) -> None:
    platform.cluster.remove("Secret", "harbor", "oidc")
    assert measured(platform).problems == ["harbor: core gets no CONFIG_OVERWRITE_JSON"], "the Secret is what it reads"


@pytest.mark.parametrize("change", [{"skip_confirmation": False}, {"localpart": {"action": "suggest"}}], ids=str)
def test_a_chat_that_asks_a_new_person_fails(platform: Bench, change: dict[str, Any]) -> None:
    record = platform.world.get(RELEASES, "matrix/matrix")
    assert record is not None, "the fixture put it there"
    for part in record["values"]["matrixAuthenticationService"]["additional"].values():
        document = yaml.safe_load(part["config"])
        for provider in document.get("upstream_oauth2", {}).get("providers", []):
            provider["claims_imports"] |= change
        part["config"] = yaml.safe_dump(document)
    platform.world.put(RELEASES, "matrix/matrix", record)
    assert "a new person is asked" in measured(platform).problems[0], "nobody should have to answer anything"


def test_hosts_that_nobody_answers_are_told(platform: Bench) -> None:
    found = hosts(evidence(platform))
    assert not found.ok, "there is no Traefik on this bench"
    assert len(found.problems) == len(found.judged), "one line for each host"


def test_the_table_of_hosts_has_the_domain_of_the_user_ids(platform: Bench) -> None:
    settings = load_stack_file(STACK_FILE)
    served = tables.served(settings, platform.cluster)
    assert {host.name for host in served.values()} == set(settings.resolved_names), "every name of the domain strategy"


def test_a_login_that_no_job_asked_about_is_told(bench: Bench) -> None:
    settings = load_stack_file(ROOT / "tests" / "smoke" / "Pulumi.smoke.yaml")
    found = single_sign_on(replace(evidence(bench), settings=settings))
    assert not found.ok, "there is no Job on this bench"
    assert len(found.problems) == len(found.judged), "one line for each issuer and each login"
    behind = "login before wiki: no Job asks who gets to wiki.smoke.example.com"
    assert behind in found.problems, "an application without a login of its own is one of them"
