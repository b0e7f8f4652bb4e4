"""One declaration of an OIDC application agrees with itself, and every application follows from the stack file."""

from urllib.parse import urlsplit

import pytest

from components.matrix.login import UPSTREAM_ID as MATRIX_UPSTREAM_ID
from declarations.oidc import OidcApplication
from register import logins
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED

SETTINGS = load_stack_file(SHIPPED)
APPLICATIONS = logins.applications(SETTINGS)
NATIVE = ("http://localhost:8250/oidc/callback",)
"""The listener of `vault login` on the user's own machine: RFC 8252 section 7.3 allows loopback without TLS."""

every = pytest.mark.parametrize("application", APPLICATIONS, ids=lambda application: application.slug)


@every
def test_the_issuer_is_on_the_host_of_authentik_with_slug_and_trailing_slash(application: OidcApplication) -> None:
    assert application.issuer == f"https://{SETTINGS.identity.host}/application/o/{application.slug}/", (
        "a client compares it to the letter"
    )


@every
def test_the_discovery_document_lies_below_the_issuer(application: OidcApplication) -> None:
    assert application.discovery_url == application.issuer + ".well-known/openid-configuration", (
        "OpenID Connect Discovery section 4"
    )


@every
def test_redirect_uris_are_exact_and_on_a_host_of_the_platform(application: OidcApplication) -> None:
    assert application.redirect_uris, "without one nobody can log in"
    for uri in application.redirect_uris:
        assert not set(uri) & set("*?^$()["), f"{uri} is no pattern"
        if uri in NATIVE:
            continue
        parts = urlsplit(uri)
        assert parts.scheme == "https", f"{uri} carries a code, so it travels encrypted"
        assert parts.hostname in SETTINGS.hosts.values(), f"{uri} leads to a host of this platform"


@every
def test_only_declared_groups_may_log_in(application: OidcApplication) -> None:
    assert application.groups, "an application without a group is open to everybody"
    assert set(application.groups) <= set(SETTINGS.identity.groups), "groups that the users blueprint creates"


@every
def test_the_scopes_are_those_of_an_openid_login(application: OidcApplication) -> None:
    assert application.scopes[0] == "openid", "without it the answer is no ID token"
    assert ("offline_access" in application.scopes) == application.offline_access, "refresh tokens only where declared"


def test_slugs_are_unique() -> None:
    slugs = [application.slug for application in APPLICATIONS]
    assert len(set(slugs)) == len(slugs), "the slug is client id, path of the secret and name of the blueprint"


def test_vault_joins_last() -> None:
    before = {application.slug for application in logins.service_applications(SETTINGS)}
    assert before == {"gitea", "harbor", "matrix"}, "phase 2 knows the services"
    assert {application.slug for application in APPLICATIONS} - before == {"vault"}, "phase 3 adds Vault"


def _without_services() -> Settings:
    return load_stack_file(FIXTURES / "valid" / "services-off.yaml")


def test_a_service_that_is_off_has_no_application() -> None:
    slugs = [application.slug for application in logins.applications(_without_services())]
    assert slugs == ["vault"], "nobody could log in to it"


def test_the_upstream_id_of_matrix_is_a_ulid() -> None:
    # https://github.com/ulid/spec: 26 characters of Crockford's base 32, the first at most 7.
    alphabet = set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert len(MATRIX_UPSTREAM_ID) == 26, "26 characters"
    assert set(MATRIX_UPSTREAM_ID) <= alphabet, "of Crockford's base 32"
    assert MATRIX_UPSTREAM_ID[0] <= "7", "within 128 bits"
