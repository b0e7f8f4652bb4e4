"""The simulated Authentik: rows need a file in the worker, applying one is what makes an application."""

import json

import pytest

from lab.providers.authentik import identity
from lab.providers.authentik.blueprints import apply, parse
from lab.providers.authentik.refusals import BlueprintError
from lab.providers.errors import InitFailedError
from tests.lab.authentik_server import HOST, ISSUER, PATH, ROW, TEXT, with_authentik
from tests.lab.bench import Bench, refuses


@pytest.fixture
def server(kube: Bench) -> Bench:
    return with_authentik(kube)


def test_a_row_is_made_of_a_file_the_worker_sees(server: Bench) -> None:
    with refuses("Blueprint file does not exist"):
        server.create(ROW, {"name": "web", "path": "mounted/cm-web/other.yaml"})
    assert server.create(ROW, {"name": "web", "path": PATH}).identifier, "this one is mounted"


def test_a_row_needs_a_worker_that_has_done_what_comes_with_the_release(server: Bench) -> None:
    server.world.delete(identity.WORKER, "shop")
    with refuses("did not answer within 10 seconds"):
        server.create(ROW, {"name": "web", "path": PATH})
    server.object("v1", "Secret", "held", "shop", stringData={"token": "the-token", "generation": "1"})
    env = [
        {"name": "AUTHENTIK_URL", "value": f"https://{HOST}"},
        {"name": "TOKEN_FILE", "value": "/secret/token"},
        {"name": "TOKEN_GENERATION_FILE", "value": "/secret/generation"},
        {"name": "TOKEN_GENERATION", "value": "1"},
        {"name": "SECONDS", "value": "60"},
    ]
    volumes = [{"name": "held", "secret": {"secretName": "held"}}]
    server.probe(
        "authentik_api", "api", "shop", env, mounts=[{"name": "held", "mountPath": "/secret"}], volumes=volumes
    )
    assert server.create(ROW, {"name": "web", "path": PATH}).identifier, "behind the gate"


def test_a_row_needs_an_authentik_that_answers_and_takes_the_token(server: Bench) -> None:
    server.configure("authentik", url=f"https://{HOST}", token="another")
    with refuses("403 Forbidden.*Token invalid/expired"):
        server.create(ROW, {"name": "web", "path": PATH})
    server.configure("authentik", url="https://other.example", token="the-token")
    with refuses("404 page not found"):
        server.create(ROW, {"name": "web", "path": PATH})


def test_no_name_is_resolved_before_the_ingress_runs(bench: Bench) -> None:
    bench.with_kubernetes()
    bench.configure("authentik", url=f"https://{HOST}", token="the-token")
    with refuses("lookup auth.example: no such host"):
        bench.create(ROW, {"name": "web", "path": PATH})


def test_two_rows_of_one_name_are_refused(server: Bench) -> None:
    server.create(ROW, {"name": "web", "path": PATH})
    with refuses("Blueprint Instance with this name already exists"):
        server.create(ROW, {"name": "web", "path": PATH}, "second")


def test_a_row_disappears_with_its_file(server: Bench) -> None:
    identifier = server.create(ROW, {"name": "web", "path": PATH}).identifier
    server.cluster.remove("ConfigMap", "shop", "web")
    assert server.read(ROW, identifier) is None, "Authentik deletes the rows of files it cannot read"


def test_only_an_applied_blueprint_serves_its_application(server: Bench) -> None:
    row = server.create(ROW, {"name": "web", "path": PATH}).outputs
    with server.world.transaction():
        assert identity.discovery_problem(server.cluster, ISSUER), "a row alone applies nothing"
        release = identity.server(server.cluster, ISSUER)
        assert identity.apply_row(server.cluster, release, row) == "successful", "nothing is wrong with it"
        assert identity.discovery_problem(server.cluster, ISSUER) is None, "now the application is there"
        problem = identity.discovery_problem(server.cluster, ISSUER.rstrip("/"))
    assert problem is not None, "the slash belongs to the issuer"
    assert "issuer did not match" in problem, "as a client of OIDC says it"


def test_vault_can_be_joined_to_an_applied_application_only(server: Bench) -> None:
    row = server.create(ROW, {"name": "web", "path": PATH}).outputs
    with server.world.transaction():
        release = identity.server(server.cluster, ISSUER)
        identity.apply_row(server.cluster, release, {**row, "path": "gone.yaml"})
        problem = identity.discovery_problem(server.cluster, ISSUER)
    assert problem is not None, "a blueprint that was not found applies nothing"
    assert "no application 'web'" in problem, "the application is named"


def test_what_another_blueprint_deletes_is_served_no_more(server: Bench) -> None:
    row = server.create(ROW, {"name": "web", "path": PATH}).outputs
    absent = "version: 1\nentries:\n- {model: authentik_core.application, state: absent, identifiers: {slug: web}}\n"
    with server.world.transaction():
        release = identity.server(server.cluster, ISSUER)
        identity.apply_row(server.cluster, release, row)
        assert identity.apply_row(server.cluster, release, {"name": "people", "content": absent}) == "successful", (
            "once"
        )
        assert identity.apply_row(server.cluster, release, {"name": "people", "content": absent}) == "successful", (
            "what is gone already is no error"
        )
        problem = identity.discovery_problem(server.cluster, ISSUER)
    assert problem is not None, "the application is gone, although its own row is still there"
    assert "no application 'web'" in problem, "as if it had never been"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TEXT.replace("      grant_types: [authorization_code]\n", ""), "without grant_types"),
        (TEXT.replace("      signing_key:", "      encryption_key:"), "without signing_key"),
        (
            TEXT.replace("matching_mode: strict", "redirect_uri_type: logout, matching_mode: strict").replace(
                "client_id: web", "client_id: gitea"
            ),
            "sends no id_token_hint",
        ),
        (TEXT.replace("!KeyOf provider", "!KeyOf povider"), "KeyOf: failed to find entry with `id` of `povider`"),
        (TEXT.replace("/secrets/web", "/secrets/none"), "client_secret: may not be null"),
        (TEXT.replace("{name: Web, provider", "{provider"), "name: This field is required"),
        (TEXT.replace("!Find", "!Finde", 1), "could not determine a constructor for the tag '!Finde'"),
    ],
)
def test_a_blueprint_nobody_could_log_in_with_fails(text: str, reason: str) -> None:
    with pytest.raises(BlueprintError) as error:
        apply(text, {"/secrets/web": "s3cret"}, {})
    assert reason in str(error.value), "the importer says what is wrong"


def test_a_right_blueprint_says_what_it_makes() -> None:
    made = apply(TEXT, {"/secrets/web": "s3cret"}, {})
    assert made["authentik_core.application"] == ["web"], "an application goes by its slug"


def test_a_text_that_is_no_blueprint_is_refused() -> None:
    with pytest.raises(BlueprintError, match="needs `version: 1` and a list of `entries`"):
        parse("entries: {}")


def test_the_provider_itself_needs_url_and_token(bench: Bench) -> None:
    problems = bench.problems("terraform-provider", {"url": "https://auth.example"})
    assert problems == ["token: Missing required property 'token'"], "both are required"


def test_system_settings_are_kept_and_those_that_nobody_knows_are_not_forgiven(server: Bench) -> None:
    def ask(name: str, **settings: object) -> None:
        env = [
            {"name": "AUTHENTIK_URL", "value": f"https://{HOST}"},
            {"name": "AUTHENTIK_TOKEN", "value": "the-token"},
            {"name": "SETTINGS", "value": json.dumps(settings)},
            {"name": "SECONDS", "value": "60"},
        ]
        server.probe("authentik_settings", name, "shop", env)

    with refuses("has no setting avatar", InitFailedError):
        ask("misspelt", avatar="initials")
    ask("right", avatars="initials")
    with server.world.transaction():
        assert identity.system_settings(server.cluster)["avatars"] == "initials", "kept"
