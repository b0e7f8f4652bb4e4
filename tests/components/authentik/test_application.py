"""From one declaration to a login: secret, file, row, proof, discovery; each waits for what it uses."""

import hashlib
import itertools
import json

import pytest

from components.authentik.blueprints import application as application_blueprint
from register import logins
from tests.components.authentik.deployed import (
    CONFIG_MAP,
    EXTERNAL_SECRET,
    JOB,
    RELEASE,
    ROW,
    SETTINGS,
    mounted,
    worker_volumes,
)
from tests.support.engine import Recording
from tests.support.objects import environment
from tests.support.wire import UNKNOWN

APPLICATIONS = {one.slug: one for one in logins.applications(SETTINGS)}
VAULT = APPLICATIONS["vault"]
TEXT = application_blueprint.text(VAULT, 1)


@pytest.mark.failure("application-before-its-provider")
def test_file_visibility_row_proof_and_discovery_come_in_this_order(update: Recording) -> None:
    chain = [
        update.one(JOB, "blueprint-users-apply"),
        update.one(JOB, "login-vault-blueprint-visible"),
        update.one(ROW, "login-vault-blueprint-row"),
        update.one(JOB, "login-vault-blueprint-apply"),
        update.one(JOB, "login-vault-discovery"),
    ]
    for earlier, later in itertools.pairwise(chain):
        assert update.is_after(later, earlier), f"{later} uses what {earlier} proves"


def test_the_worker_starts_before_the_first_blueprint_is_there(update: Recording) -> None:
    volumes = worker_volumes(update.one(RELEASE, "authentik-release").get("values"))
    waits = {
        one["configMap"]["name"]: not one["configMap"].get("optional") for one in volumes.values() if "configMap" in one
    }
    for slug in APPLICATIONS:
        assert waits[f"authentik-blueprints-{slug}"] is False, (
            f"{slug}: the file comes after the worker, which finds it"
        )


@pytest.mark.parametrize("slug", APPLICATIONS)
def test_the_worker_can_find_the_file_before_anybody_waits_for_it(update: Recording, slug: str) -> None:
    file = update.one(CONFIG_MAP, f"login-{slug}-blueprint-file")
    assert file.get("metadata", "name") == f"authentik-blueprints-{slug}", "the name that the worker mounts"
    text = application_blueprint.text(APPLICATIONS[slug], 1)
    assert file.get("data") == {f"{slug}.yaml": text}, "the final text; discovery looks at .yaml only"
    assert update.is_after(update.one(JOB, f"login-{slug}-blueprint-visible"), file), "or the wait could not end"


def test_a_preview_shows_which_blueprints_change(update: Recording) -> None:
    digest = hashlib.sha512(TEXT.encode()).hexdigest()
    row = update.one(ROW, "login-vault-blueprint-row")
    assert json.loads(row.get("context")) == {"text_sha512": digest}, "by the hash of the text"
    for name in ("login-vault-blueprint-visible", "login-vault-blueprint-apply"):
        job = update.one(JOB, name)
        given = environment(job)
        assert given["BLUEPRINT_SHA512"] == digest, "a changed text changes the Job, which runs again"
        directory, _, key = given["BLUEPRINT_FILE"].rpartition("/")
        source = mounted(job)[directory]["configMap"]["name"]
        (file,) = [one for one in update.of_type(CONFIG_MAP) if one.get("metadata", "name") == source]
        assert file.get("data", key) == TEXT, "and it finds that text where it is told to look"


def test_the_client_secret_and_its_generation_are_written_together(update: Recording) -> None:
    secret = update.one(EXTERNAL_SECRET, "login-vault-secret")
    assert secret.get("metadata", "name") == "authentik-oidc-vault", "the Secret that the worker mounts"
    template = secret.get("spec", "target", "template", "data")
    assert template == {"client-secret": "{{ .secret }}", "generation": "1"}, "who reads one reads the other"
    (source,) = secret.get("spec", "data")
    assert source["remoteRef"] == {"key": "platform/oidc/vault", "property": "client-secret"}, "from Vault"


def test_the_proof_is_of_this_row_and_covers_the_client(update: Recording) -> None:
    job = update.one(JOB, "login-vault-blueprint-apply")
    given, volumes = environment(job), mounted(job)
    assert update.one(ROW, "login-vault-blueprint-row").urn in job.dependencies, "BLUEPRINT_ID comes from the row"
    assert given["AUTHENTIK_URL"] == "http://authentik-server.authentik.svc", "past the ingress"
    assert given["CLIENT_ID"] == VAULT.client_id, "the client of the blueprint"
    assert given["REDIRECT_URI"] in VAULT.redirect_uris, "with an address it may use"
    for variable, key in (("SECRET_FILE", "client-secret"), ("SECRET_GENERATION_FILE", "generation")):
        directory, _, name = given[variable].rpartition("/")
        assert name == key, "the key of the Secret"
        assert volumes[directory]["secret"]["secretName"] == "authentik-oidc-vault", "read from the Secret itself"
    people = environment(update.one(JOB, "blueprint-users-apply"))
    assert not [name for name in people if name.startswith(("CLIENT", "SECRET_"))], "people have no client to prove"


def test_discovery_is_asked_for_what_was_declared(update: Recording) -> None:
    given = environment(update.one(JOB, "login-vault-discovery"))
    assert given["DISCOVERY_URL"] == VAULT.discovery_url, "by the public name"
    assert tuple(given["REDIRECT_URIS"].splitlines()) == VAULT.redirect_uris, "every way to log in is tried"
    assert given["SSL_CERT_FILE"], "with the platform's CA, as a client would"


def test_a_preview_before_anything_exists_knows_all_but_ids_and_values(preview: Recording) -> None:
    unknown = {
        (one.name, path[-1])
        for kind in (JOB, ROW)
        for one in preview.of_type(kind)
        for path in preview.unknown_paths(one)
        if one.name.startswith(("login-", "blueprint-"))
    }
    apply = [f"login-{slug}-blueprint-apply" for slug in APPLICATIONS]
    assert environment(preview.one(JOB, apply[0]))["BLUEPRINT_ID"] is UNKNOWN, "the row gets its id from Authentik"
    assert unknown == {(name, "value") for name in (*apply, "blueprint-users-apply")}, "all else is known"
