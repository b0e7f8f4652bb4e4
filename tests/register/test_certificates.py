"""Certificates that Let's Encrypt signs: which there are, and what a wildcard stands for."""

import pytest

from register.certificates import PublicCertificate, certificates, secret_names
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES

SETTINGS = load_stack_file(FIXTURES / "valid" / "applications.yaml")


def settings(**changes: object) -> Settings:
    return SETTINGS.model_copy(update={"certificates": SETTINGS.certificates.model_copy(update=changes)})


def test_each_service_has_one_certificate_for_all_its_names() -> None:
    found = {one.name: one for one in certificates(SETTINGS)}
    assert found["tls-matrix"] == PublicCertificate(
        name="tls-matrix",
        names=("chat.home.example.com", "matrix.home.example.com", "account.home.example.com", "home.example.com"),
        namespaces=("matrix",),
    )
    assert found["tls-login-wiki"].namespaces == ("authentik",), "whose outpost answers on the host"
    assert set(found) == {f"tls-{name}" for name in ("identity", "vault", "gitea", "harbor", "matrix")} | {
        "tls-login-wiki",
        "tls-login-printer",
    }


def test_a_wildcard_stands_for_one_label_and_not_for_the_domain_itself() -> None:
    (one,) = certificates(settings(wildcard=True))
    assert one.names == ("*.home.example.com", "home.example.com"), "hosts, and the domain of the user ids"
    assert one.namespaces == ("authentik", "vault", "gitea", "harbor", "matrix")


def test_a_host_two_labels_below_the_domain_has_a_wildcard_of_its_own() -> None:
    identity = SETTINGS.identity.model_copy(update={"host": "auth.lab.home.example.com"})
    (one,) = certificates(settings(wildcard=True).model_copy(update={"identity": identity}))
    assert one.names[0] == "*.lab.home.example.com", "RFC 6125, 6.4.3"


@pytest.mark.parametrize("wildcard", [True, False])
def test_every_host_is_in_one_of_them(wildcard: bool) -> None:
    chosen = settings(wildcard=wildcard)
    hosts = {*chosen.resolved_names, *(one.host for one in chosen.identity.proxied.values())}
    assert set(secret_names(chosen)) == hosts, "of what Traefik shows"
    assert set(secret_names(chosen).values()) == {one.name for one in certificates(chosen)}


def test_with_its_own_ca_nothing_is_ordered() -> None:
    own = settings(issuer="internal-ca")
    assert not certificates(own)
    assert not secret_names(own)
