"""An application of the stack file is complete without any code, and leaves without a trace; so does Vault's login."""

from typing import Any

import pytest

from register.secrets import declare
from stack_file.load import SettingsError, parse
from tests.components.authentik.blueprints.documents import load, the
from tests.components.authentik.declared import APPLICATION, HOST, declared
from tests.stack_file.stacks import SHIPPED, sections
from tests.support.engine import Recording
from tests.support.objects import environment
from tests.support.variants import Difference, changed, difference

JOB, EXTERNAL_SECRET = "kubernetes:batch/v1:Job", "kubernetes:external-secrets.io/v1:ExternalSecret"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
ISSUER = "https://auth.test-cluster.agentydragon.com/application/o/grafana/"


@pytest.fixture(scope="module")
def extended() -> Recording:
    """With one application, and two others beside it of which one shares its namespace."""
    return declared()


@pytest.fixture(scope="module")
def off() -> Recording:
    return changed("    userGroup: vault-users\n", "    userGroup: vault-users\n    oidc: false\n")


_PEOPLES_BLUEPRINT = {f"blueprint-users-{part}" for part in ("file", "visible", "row", "apply", "apply-again")}


def absent(found: Difference) -> list[dict[str, Any]]:
    """What the changed blueprint of people and groups deletes in Authentik."""
    text = found.changed[CONFIG_MAP, "blueprint-users-file"].get("data", "users.yaml")
    return [entry["identifiers"] for entry in load(text)["entries"] if entry.get("state") == "absent"]


def test_ten_lines_are_enough() -> None:
    assert len(APPLICATION.splitlines()) <= 10, "one declaration"


def test_the_client_secret_is_generated_once_and_lies_in_vault(extended: Recording) -> None:
    secret = extended.one("vault:kv/secretV2:SecretV2", "oidc-grafana-kv")
    assert secret.get("name") == "platform/oidc/grafana", "the path of every client secret"
    assert secret.is_secret("dataJson"), "encrypted in the state"


def test_both_sides_read_the_same_secret_from_vault(extended: Recording) -> None:
    provider = extended.one(EXTERNAL_SECRET, "login-grafana-secret")
    client = extended.one(EXTERNAL_SECRET, "credentials-grafana-monitoring")
    for side in (provider, client):
        (read,) = side.get("spec", "data")
        assert read["remoteRef"] == {"key": "platform/oidc/grafana", "property": "client-secret"}, f"{side}"
    assert provider.get("metadata", "namespace") == "authentik", "the side of Authentik"
    assert client.get("metadata", "namespace") == "monitoring", "the side of the application"
    template = client.get("spec", "target", "template", "data")
    assert template == {"client-id": "grafana", "client-secret": "{{ .secret }}", "issuer": ISSUER}, (
        "all a client needs"
    )


def test_the_store_lets_the_new_namespace_read(extended: Recording) -> None:
    (condition,) = extended.one("kubernetes:external-secrets.io/v1:ClusterSecretStore").get("spec", "conditions")
    assert "monitoring" in condition["namespaces"], "or the ExternalSecret would never be Ready"


def test_the_blueprint_has_provider_application_and_policy(extended: Recording) -> None:
    document = load(extended.one(CONFIG_MAP, "login-grafana-blueprint-file").get("data", "grafana.yaml"))
    provider = the(document, "authentik_providers_oauth2.oauth2provider")["fields"]
    assert [uri["url"] for uri in provider["redirect_uris"]] == [f"https://{HOST}/login/generic_oauth"], "as declared"
    policy = the(document, "authentik_policies_expression.expressionpolicy")["fields"]["expression"]
    assert "['gitea-users']" in policy, "nobody else may log in"


def test_the_worker_sees_blueprint_and_secret(extended: Recording) -> None:
    volumes = extended.one("kubernetes:helm.sh/v3:Release", "authentik-release").get("values", "worker", "volumes")
    names = {(volume.get("configMap") or {}).get("name") for volume in volumes}
    names |= {(volume.get("secret") or {}).get("secretName") for volume in volumes}
    assert {"authentik-blueprints-grafana", "authentik-oidc-grafana"} <= names, "the text, and what it reads"


def test_the_gate_asks_for_the_issuer_to_the_letter(extended: Recording) -> None:
    gate = extended.one(JOB, "login-grafana-discovery")
    assert environment(gate)["ISSUER"] == ISSUER, "https, the public host, and the slash at the end"
    assert extended.is_after(gate, extended.one(JOB, "login-grafana-blueprint-apply")), "once it was applied"


def test_vaults_login_is_switched_off_and_nothing_else_is(update: Recording, off: Recording) -> None:
    without = difference(update, off)
    (phase,) = [one for one in update.phases if one.name == "phase3-integration"]
    joint = {(one.type, one.name) for one in (phase, *update.below(phase))}
    client = {(one.type, one.name) for one in update.named("oidc-vault*")}
    assert set(without.removed) == joint | client, "phase 3 and the client secret, whole"
    assert not without.added, "nothing comes instead"
    assert {name for _, name in without.changed} == _PEOPLES_BLUEPRINT, "Authentik itself does not restart"
    assert {"slug": "vault"} in absent(without), "so that no dead entry stays on people's pages"


def test_services_still_wait_for_identity_when_vault_has_no_login(off: Recording) -> None:
    login = off.one(JOB, "login-gitea-discovery")
    assert off.is_after(off.one("kubernetes:helm.sh/v3:Release", "gitea-release"), login), "phase 4 follows phase 2"


def test_a_public_client_has_no_secret_anywhere(extended: Recording) -> None:
    assert not extended.named("oidc-tool*"), "none is generated"
    assert not extended.named("login-tool-secret"), "and none is copied"
    job = extended.one(JOB, "login-tool-blueprint-apply")
    assert "CLIENT_ID" not in environment(job), "the proof of a secret is left out"
    gate = extended.one(JOB, "login-tool-discovery")
    assert environment(gate)["REDIRECT_URIS"] == "http://localhost:4711/callback", "the proof of the login is not"


def test_rotating_the_secret_of_an_application_is_known_by_its_path() -> None:
    stack = sections(SHIPPED)
    stack["identity"]["applications"] = {
        "notes": {
            "name": "Notes",
            "host": "notes.test-cluster.agentydragon.com",
            "redirectUris": ["https://notes.test-cluster.agentydragon.com/callback"],
            "groups": ["matrix-users"],
        }
    }
    stack["rotation"] = {"generations": {"oidc/notes": 3}}
    declared = {declaration.path: declaration.generation for declaration in declare(parse(stack))}
    assert declared["oidc/notes"] == 3, "like every other secret"
    del stack["identity"]["applications"]
    with pytest.raises((ValueError, SettingsError), match="oidc/notes"):
        declare(parse(stack))
