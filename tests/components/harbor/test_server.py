"""Harbor and its scanner."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from tests.components.services import (
    RELEASE,
    checks,
    external_secrets,
    program,
    sources,
    template,
)
from tests.support.engine import Recorded

CLIENT_SECRET = "s3cretOfLettersAndDigits"


def scanner() -> Recorded:
    return program().one("kubernetes:apps/v1:StatefulSet", "harbor-scanner")


def login() -> dict[str, Any]:
    text = template(external_secrets("harbor")["oidc"])["CONFIG_OVERWRITE_JSON"]
    settings: dict[str, Any] = json.loads(text.replace("{{ .client_secret }}", CLIENT_SECRET))
    return settings


def test_a_login_outlives_the_session_of_the_browser() -> None:
    assert "offline_access" in login()["oidc_scope"].split(","), "or `docker login` ends with it"


def test_people_are_asked_for_no_name_and_see_the_login_first() -> None:
    assert login()["oidc_auto_onboard"] is True, "each would choose a name at the first login"
    assert login()["primary_auth_mode"] is True, "the form for local accounts would be what people see"


def test_every_secret_that_the_chart_would_make_up_is_given() -> None:
    found = external_secrets("harbor")
    assert set(sources(found["server"])) == {"secret", "xsrf-key", "jobservice-secret", "registry-http-secret"}, (
        "the chart makes a random value for each that is missing, and another one at each upgrade"
    )
    assert set(sources(found["token"])) == {"tls.key", "tls.crt"}, "the key that signs registry tokens"
    assert set(sources(found["registry-credentials"])) == {"REGISTRY_PASSWD", "REGISTRY_HTPASSWD"}, "names of the chart"
    assert set(sources(found["encryption"])) == {"secretKey"}, "name of the chart"


def test_each_use_of_valkey_has_its_own_database() -> None:
    composed = template(external_secrets("harbor")["valkey"])
    urls = {use: urlsplit(text) for use, text in composed.items() if use != "password"}
    assert len({url.path for url in urls.values()}) == len(urls) == 4, "Harbor flushes databases"
    assert all(url.netloc.startswith("harbor:{{ .password }}@") for url in urls.values()), "each logs in as harbor"


def test_core_finds_the_scanner_where_the_chart_would_put_it() -> None:
    recording = program()
    service = recording.one("kubernetes:core/v1:Service", "harbor-scanner-service")
    labels = scanner().get("spec", "template", "metadata", "labels")
    assert service.get("spec", "selector").items() <= labels.items(), "a Service without pods is no scanner"
    core = recording.one(RELEASE, "harbor-release").get("values", "core", "extraEnvVars")
    assert {"name": "WITH_TRIVY", "value": "true"} in core, "core would deregister the scanner"


def test_the_scanner_waits_for_its_secret_and_not_for_its_service() -> None:
    recording = program()
    assert recording.is_after(scanner(), external_secrets("harbor")["valkey"]), "its pod needs the URL of Valkey"
    service = recording.one("kubernetes:core/v1:Service", "harbor-scanner-service")
    assert not recording.is_after(scanner(), service), "the Service is awaited until a pod backs it: a deadlock"


def test_the_gate_asks_for_the_login_mode_and_follows_the_login() -> None:
    mode, follow = checks("harbor")
    assert re.search(mode["body"], '{"auth_mode":"oidc_auth","primary_auth_mode":true}'), "what Harbor answers"
    assert not re.search(mode["body"], '{"auth_mode":"db_auth"}'), "the mode of a Harbor that ignored its settings"
    right = (
        "https://auth.test-cluster.agentydragon.com/application/o/authorize/?client_id=harbor&redirect_uri="
        "https%3A%2F%2Fregistry.test-cluster.agentydragon.com%2Fc%2Foidc%2Fcallback&response_type=code&state=x"
    )
    assert re.search(follow["location"], right), "a gate that refuses the right answer never opens"
