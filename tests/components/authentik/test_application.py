"""From one declaration to a login: secret, file, row, proof, discovery; each waits for what it uses."""

import hashlib
import itertools
import json

import pulumi
import pytest

from components.authentik.application import AuthentikApplication, AuthentikApplicationArgs
from components.authentik.blueprint import Blueprint, BlueprintArgs
from components.authentik.blueprints import application as application_blueprint
from components.authentik.blueprints import users
from components.vault import login as vault_login
from settings.model import Settings
from tests.components.authentik.deployed import (
    CONFIG_MAP,
    EXTERNAL_SECRET,
    JOB,
    ROW,
    SETTINGS,
    changed,
    environment,
    mounted,
    recorded,
    server,
)
from tests.support.components import record_component
from tests.support.engine import Recording, Run
from tests.support.wire import UNKNOWN, walk

VAULT = vault_login.application(SETTINGS)
TEXT = application_blueprint.text(VAULT, 1)


def deploy(settings: Settings, opts: pulumi.ResourceOptions) -> None:
    api, given = server(settings, opts)
    people = Blueprint("people", BlueprintArgs(api=api, slug="users", text=users.text(settings.identity)), opts)
    args = AuthentikApplicationArgs(
        api=api, application=vault_login.application(settings), after=[people.ready], **given
    )
    AuthentikApplication("login", args, opts)


def build(opts: pulumi.ResourceOptions) -> None:
    deploy(SETTINGS, opts)


@pytest.fixture(scope="module")
def login() -> Recording:
    return recorded(build)


def test_file_visibility_row_proof_and_discovery_come_in_this_order(login: Recording) -> None:
    chain = [
        login.one(JOB, "authentik-api"),
        login.one(JOB, "people-apply"),
        login.one(JOB, "login-blueprint-visible"),
        login.one(ROW, "login-blueprint-row"),
        login.one(JOB, "login-blueprint-apply"),
        login.one(JOB, "login-discovery"),
    ]
    for earlier, later in itertools.pairwise(chain):
        assert login.is_after(later, earlier), f"{later} uses what {earlier} proves"


def test_the_worker_can_find_the_file_before_anybody_waits_for_it(login: Recording) -> None:
    file = login.one(CONFIG_MAP, "login-blueprint-file")
    assert file.get("metadata", "name") == "authentik-blueprints-vault", "the name that the worker mounts"
    assert file.get("data") == {"vault.yaml": TEXT}, "the final text; discovery looks at .yaml only"
    assert login.is_after(login.one(JOB, "login-blueprint-visible"), file), "or the wait could not end"


def test_the_row_names_the_file_and_changes_with_every_change_of_the_text(login: Recording) -> None:
    row = login.one(ROW, "login-blueprint-row")
    assert row.get("path") == "mounted/vault/vault.yaml", "as Authentik lists it"
    assert row.get("content") is None, "content would be checked in the server, where no secret is mounted"
    digest = hashlib.sha512(TEXT.encode()).hexdigest()
    assert json.loads(row.get("context")) == {"text_sha512": digest}, "so a preview shows which blueprints change"


def test_both_gates_know_the_hash_of_the_text_that_is_wanted(login: Recording) -> None:
    wanted = hashlib.sha512(TEXT.encode()).hexdigest()
    for name in ("login-blueprint-visible", "login-blueprint-apply"):
        job = login.one(JOB, name)
        given = environment(job)
        assert given["BLUEPRINT_SHA512"] == wanted, "a changed text changes the Job, which runs again"
        directory, _, key = given["BLUEPRINT_FILE"].rpartition("/")
        source = mounted(job)[directory]["configMap"]["name"]
        (file,) = [one for one in login.of_type(CONFIG_MAP) if one.get("metadata", "name") == source]
        assert file.get("data", key) == TEXT, "and it finds that text where it is told to look"


def test_the_proof_is_asked_of_this_row_inside_the_cluster(login: Recording) -> None:
    row, job = login.one(ROW, "login-blueprint-row"), login.one(JOB, "login-blueprint-apply")
    given = environment(job)
    assert row.urn in job.dependencies, "the id comes from the row"
    assert given["BLUEPRINT_ID"], "and names it"
    assert given["AUTHENTIK_URL"] == "http://authentik-server.authentik.svc", "past the ingress"


def test_the_client_secret_and_its_generation_are_written_together(login: Recording) -> None:
    secret = login.one(EXTERNAL_SECRET, "login-secret")
    assert secret.get("metadata", "name") == "authentik-oidc-vault", "the Secret that the worker mounts"
    template = secret.get("spec", "target", "template", "data")
    assert template == {"client-secret": "{{ .secret }}", "generation": "1"}, "who reads one reads the other"
    (source,) = secret.get("spec", "data")
    assert source["remoteRef"] == {"key": "platform/oidc/vault", "property": "client-secret"}, "from Vault"


def test_the_proof_covers_the_client(login: Recording) -> None:
    job = login.one(JOB, "login-blueprint-apply")
    given, volumes = environment(job), mounted(job)
    assert given["CLIENT_ID"] == VAULT.client_id, "the client of the blueprint"
    assert given["REDIRECT_URI"] in VAULT.redirect_uris, "with an address it may use"
    for variable, key in (("SECRET_FILE", "client-secret"), ("SECRET_GENERATION_FILE", "generation")):
        directory, _, name = given[variable].rpartition("/")
        assert name == key, "the key of the Secret"
        assert volumes[directory]["secret"]["secretName"] == "authentik-oidc-vault", "read from the Secret itself"


def test_people_and_groups_have_no_client_to_prove(login: Recording) -> None:
    given = environment(login.one(JOB, "people-apply"))
    assert not [name for name in given if name.startswith(("CLIENT", "SECRET_"))], "the script takes that for a client"


def test_discovery_is_asked_for_what_was_declared(login: Recording) -> None:
    given = environment(login.one(JOB, "login-discovery"))
    assert given["ISSUER"] == VAULT.issuer, "to the letter"
    assert given["DISCOVERY_URL"] == VAULT.discovery_url, "by the public name"
    assert tuple(given["REDIRECT_URIS"].splitlines()) == VAULT.redirect_uris, "every way to log in is tried"
    assert given["SSL_CERT_FILE"], "with the platform's CA, as a client would"


def test_no_secret_leaves_its_secret(login: Recording) -> None:
    shown = [
        (resource.name, path)
        for resource in login.resources
        if resource.type in (JOB, CONFIG_MAP, ROW, EXTERNAL_SECRET)
        for path, text in walk(resource.inputs)
        if isinstance(text, str) and any(value in text for value in login.issued)
    ]
    assert shown == [], "Jobs, ConfigMaps and rows can be read by many"


def test_a_new_generation_runs_through_file_row_and_proof() -> None:
    settings = changed(rotation={"generations": {"oidc/vault": 2}})

    def build_other(opts: pulumi.ResourceOptions) -> None:
        deploy(settings, opts)

    before, after = recorded(build), record_component(build_other)
    for kind, name in (
        (EXTERNAL_SECRET, "login-secret"),
        (CONFIG_MAP, "login-blueprint-file"),
        (JOB, "login-blueprint-visible"),
        (ROW, "login-blueprint-row"),
        (JOB, "login-blueprint-apply"),
    ):
        assert before.one(kind, name).inputs != after.one(kind, name).inputs, f"{name} must take part in the renewal"
    untouched = [one.one(JOB, "people-apply").inputs for one in (before, after)]
    assert untouched[0] == untouched[1], "and nothing else does"


def test_a_preview_before_anything_exists_knows_all_but_ids_and_values() -> None:
    preview = record_component(build, Run(preview=True))
    unknown = {
        (one.type, one.name, path[-1])
        for one in preview.resources
        for path in preview.unknown_paths(one)
        if one.type in (JOB, ROW)
    }
    job = preview.one(JOB, "login-blueprint-apply")
    assert environment(job)["BLUEPRINT_ID"] is UNKNOWN, "the row gets its id from Authentik"
    assert unknown == {
        (JOB, "login-blueprint-apply", "value"),
        (JOB, "people-apply", "value"),
    }, "everything else can be read before the first run"


def test_every_custom_object_of_authentik_names_its_provider(login: Recording) -> None:
    provider = login.one("pulumi:providers:authentik")
    assert {row.provider for row in login.of_type(ROW)} == {provider.urn}, "there is no default one"
