"""Authentik, every application and every gate agree on the issuer, the client and the groups, to the letter."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from components.gitea.settings import GiteaSettings
from components.harbor.settings import HarborSettings
from components.matrix.login import UPSTREAM_ID as MATRIX_UPSTREAM_ID
from register import logins
from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tests.support.engine import Recording
from tests.support.objects import environment, key_of, of_kind, releases

SETTINGS = load_stack_file(SHIPPED)
APPLICATIONS = {application.slug: application for application in logins.applications(SETTINGS)}

each = pytest.mark.parametrize("slug", sorted(APPLICATIONS))


class _Loader(yaml.SafeLoader):
    """Reads a blueprint; its own tags (!Find, !KeyOf, !File...) become what they are applied to."""


def _plain(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    match node:
        case yaml.ScalarNode():
            return f"!{suffix} {loader.construct_scalar(node)}"
        case yaml.SequenceNode():
            return [f"!{suffix}", *loader.construct_sequence(node, deep=True)]
    return loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _plain)


def _blueprint(recording: Recording, name: str) -> list[dict[str, Any]]:
    """Entries of the blueprint in a ConfigMap."""
    found = [one for one in of_kind(recording, "ConfigMap") if key_of(one).name == f"authentik-blueprints-{name}"]
    assert len(found) == 1, f"one ConfigMap holds the blueprint of {name}"
    (text,) = found[0].get("data").values()
    entries: list[dict[str, Any]] = yaml.load(text, Loader=_Loader)["entries"]  # noqa: S506 - a SafeLoader
    return entries


def _entries(recording: Recording, slug: str, model: str) -> list[dict[str, Any]]:
    return [entry for entry in _blueprint(recording, slug) if entry["model"] == model]


@pytest.mark.failure("issuer-in-two-forms")
@each
def test_the_discovery_gate_asks_for_the_declared_issuer(update: Recording, slug: str) -> None:
    job = update.one("kubernetes:batch/v1:Job", f"login-{slug}-discovery")
    assert APPLICATIONS[slug].issuer in environment(job).values(), "compared to the letter by the gate"


def test_vault_trusts_the_declared_issuer_and_redirects_where_authentik_allows(update: Recording) -> None:
    backend, role = update.one("vault:jwt/authBackend:AuthBackend"), update.one("vault:jwt/authBackendRole:*")
    declared = APPLICATIONS["vault"]
    assert backend.get("oidcDiscoveryUrl") == declared.issuer, "Vault appends the well-known path and compares `iss`"
    assert backend.get("oidcClientId") == declared.client_id, "the client that Authentik knows"
    assert sorted(role.get("allowedRedirectUris")) == sorted(declared.redirect_uris), "Authentik refuses any other"
    assert declared.client_id in role.get("boundAudiences"), "a token of another application is refused"
    assert backend.is_secret("oidcClientSecret"), "the client secret stays secret"


def test_the_mount_of_vaults_login_is_the_one_in_its_redirect_uri(update: Recording) -> None:
    path = update.one("vault:jwt/authBackend:AuthBackend").get("path")
    assert any(f"/ui/vault/auth/{path}/oidc/callback" in uri for uri in APPLICATIONS["vault"].redirect_uris), (
        "the UI calls back on its mount"
    )


def test_vaults_groups_are_those_that_may_log_in(update: Recording) -> None:
    aliases = {one.get("name") for one in update.of_type("vault:identity/groupAlias:GroupAlias")}
    assert aliases == {SETTINGS.vault.user_group, SETTINGS.vault.admin_group}, "names in the groups claim"


def test_gitea_discovers_the_declared_issuer(update: Recording) -> None:
    (registrar,) = update.one("*Release", "gitea-release").get("values", "postExtraInitContainers")
    source = {one["name"]: one.get("value") for one in registrar["env"]}
    declared = APPLICATIONS["gitea"]
    assert source["DISCOVERY_URL"] == declared.discovery_url, "the URL of the discovery document"
    assert source["CLIENT_ID"] == declared.client_id, "client id"
    assert str(source["SCOPES"]).split(",") == list(declared.scopes), "scopes"
    assert f"/user/oauth2/{source['SOURCE']}/callback" in declared.redirect_uris[0], "the name is part of the callback"
    assert source["USER_GROUP"] in declared.groups, "only this group may log in"
    assert source["ADMIN_GROUP"] == SETTINGS.section(GiteaSettings).admin_group, (
        "administrators come from the groups claim"
    )


def _template(recording: Recording, namespace: str, name: str) -> dict[str, str]:
    (secret,) = [
        one
        for one in of_kind(recording, "ExternalSecret")
        if key_of(one).namespace == namespace and one.get("spec", "target", "name") == name
    ]
    data: dict[str, str] = secret.get("spec", "target", "template", "data")
    return data


def _without_variables(text: str) -> str:
    """A template of External Secrets with something harmless for each variable."""
    return re.sub(r"\{\{.*?\}\}", "variable", text)


def test_harbor_is_configured_with_the_declared_issuer(update: Recording) -> None:
    (text,) = [text for text in _template(update, "harbor", "oidc").values() if "oidc_endpoint" in text]
    configuration = json.loads(_without_variables(text))
    declared = APPLICATIONS["harbor"]
    assert configuration["oidc_endpoint"] == declared.issuer, "with its trailing slash"
    assert configuration["oidc_client_id"] == declared.client_id, "client id"
    assert configuration["oidc_scope"].split(",") == list(declared.scopes), "scopes"
    assert configuration["oidc_admin_group"] == SETTINGS.section(HarborSettings).admin_group, "administrators"
    assert configuration["oidc_verify_cert"] in (True, "true"), "the certificate is checked"


def test_signing_out_of_harbor_passes_by_authentik(update: Recording) -> None:
    (text,) = [text for text in _template(update, "harbor", "oidc").values() if "oidc_endpoint" in text]
    assert json.loads(_without_variables(text))["oidc_logout"] is True, "else the next click signs in again"


def test_the_end_of_a_session_is_told_to_who_listens(update: Recording) -> None:
    providers = {slug: _entries(update, slug, "authentik_providers_oauth2.oauth2provider")[0] for slug in APPLICATIONS}
    told = {slug: one["attrs"]["logout_uri"] for slug, one in providers.items() if one["attrs"]["logout_uri"]}
    assert set(told) == {"matrix"}, "of the platform's services it alone has an endpoint for that"
    assert providers["matrix"]["attrs"]["logout_method"] == "backchannel", "by the worker, not by somebody's browser"
    url = urlsplit(told["matrix"])
    release = update.one("*Release", "matrix-release")
    name, namespace = f"{release.get('name')}-matrix-authentication-service", release.get("namespace")
    assert url.hostname == f"{name}.{namespace}.svc.cluster.local", "the Service of the chart"
    login = release.get("values", "matrixAuthenticationService", "additional", "login.yaml", "config")
    (upstream,) = yaml.safe_load(login)["upstream_oauth2"]["providers"]
    assert url.path == f"/upstream/backchannel-logout/{upstream['id']}", "the path names the provider"
    assert upstream["on_backchannel_logout"] == "logout_browser_only", "by default it does nothing"
    policy = update.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "matrix-logout").get("spec")
    (rule,) = policy["ingress"]
    (peer,) = rule["from"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "authentik"}, "who tells it"
    assert [one["port"] for one in rule["ports"]] == [url.port], "and where"
    assert policy["podSelector"]["matchLabels"] == {"app.kubernetes.io/instance": name}, "to whom"


def test_harbor_is_reached_where_its_callback_leads(update: Recording) -> None:
    url = update.one("*Release", "harbor-release").get("values", "externalURL")
    assert APPLICATIONS["harbor"].redirect_uris == (f"{url}/c/oidc/callback",), "Harbor builds it from externalURL"


def test_matrix_authenticates_at_the_declared_issuer(update: Recording) -> None:
    service = update.one("*Release", "matrix-release").get("values", "matrixAuthenticationService")
    (text,) = [entry["config"] for entry in service["additional"].values() if "upstream_oauth2" in entry["config"]]
    (provider,) = yaml.safe_load(text)["upstream_oauth2"]["providers"]
    declared = APPLICATIONS["matrix"]
    assert provider["issuer"] == declared.issuer, "compared to the letter"
    assert provider["client_id"] == declared.client_id, "client id"
    assert provider["id"] == MATRIX_UPSTREAM_ID, "part of the callback"
    assert provider["scope"].split() == list(declared.scopes), "scopes"
    assert provider["id_token_signed_response_alg"] == "RS256", "the algorithm of Authentik's signing key"
    callback = f"https://{service['ingress']['host']}/upstream/callback/{provider['id']}"
    assert declared.redirect_uris == (callback,), "where it calls back"
    mounts = [one["mountPath"] for one in service["extraVolumeMounts"]]
    assert any(provider["client_secret_file"].startswith(f"{mount}/") for mount in mounts), "a file that is mounted"


def test_authentik_serves_the_host_of_every_issuer(update: Recording) -> None:
    ingress = update.one("*Release", "authentik-release").get("values", "server", "ingress")
    assert ingress["hosts"] == [SETTINGS.identity.host], "the host in every issuer"
    assert all(SETTINGS.identity.host in entry["hosts"] for entry in ingress["tls"]), "over TLS"


@pytest.mark.failure("group-that-nobody-made")
def test_every_group_that_anything_names_is_created_by_the_users_blueprint(update: Recording) -> None:
    groups = {entry["identifiers"]["name"] for entry in _entries(update, "users", "authentik_core.group")}
    assert groups >= set(SETTINGS.identity.groups), "the declared groups"
    named = {group for application in APPLICATIONS.values() for group in application.groups}
    named |= {group for user in SETTINGS.identity.users.values() for group in user.groups}
    assert named <= groups, "a group that does not exist lets nobody in, silently"


def test_every_declared_person_is_in_the_users_blueprint_and_without_a_password(update: Recording) -> None:
    users = {entry["identifiers"]["username"]: entry for entry in _entries(update, "users", "authentik_core.user")}
    assert set(SETTINGS.identity.users) <= set(users), "people come from the stack file"
    assert not [name for name, user in users.items() if "password" in user["attrs"]], "a first password is never in Git"


def test_applications_come_after_the_groups_they_admit(update: Recording) -> None:
    groups = update.one("kubernetes:batch/v1:Job", "blueprint-users-apply")
    for slug in APPLICATIONS:
        applied = update.one("kubernetes:batch/v1:Job", f"login-{slug}-blueprint-apply")
        assert update.is_after(applied, groups), f"{slug} finds its groups by name when it is applied"


@each
def test_the_discovery_gate_comes_after_the_application(update: Recording, slug: str) -> None:
    gate = update.one("kubernetes:batch/v1:Job", f"login-{slug}-discovery")
    assert update.is_after(gate, update.one("kubernetes:batch/v1:Job", f"login-{slug}-blueprint-apply")), "in order"


def test_declared_applications_and_blueprints_are_the_same_set(update: Recording) -> None:
    names = {key_of(one).name for one in of_kind(update, "ConfigMap") if "authentik-blueprints-" in key_of(one).name}
    wanted = {f"authentik-blueprints-{slug}" for slug in (*APPLICATIONS, "users")}
    assert wanted <= names, "one blueprint for each application, and the people"
    assert {one.get("chart") for one in releases(update)} >= {"authentik"}, "and Authentik itself"
