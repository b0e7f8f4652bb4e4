"""Certificates of the domain by cert-manager's code, from a real ACME server that looks in a real PowerDNS."""

import contextlib

import pytest
from cryptography import x509

from settings.dns import UPDATE_KEY
from tests.real.dns.site import SECONDARY, Site

ZONE = "home.example.com"
INSIDE, OUTSIDE = f"_acme-challenge.auth.{ZONE}.", f"auth.{ZONE}."


@pytest.mark.parametrize(
    ("name", "key"),
    [(OUTSIDE, UPDATE_KEY), (INSIDE, ""), (INSIDE, SECONDARY)],
    ids=["outside", "without a key", "with another key"],
)
def test_an_update_changes_nothing(site: Site, name: str, key: str) -> None:
    before = site.names(ZONE)
    # What the policy leaves out of an update makes no error of the whole (rfc2136handler.cc of PowerDNS).
    with contextlib.suppress(RuntimeError):
        site.client("--set", name, key=key)
    assert site.names(ZONE) == before


def test_a_challenge_is_set_with_the_key(site: Site) -> None:
    site.client("--set", INSIDE, key=UPDATE_KEY)
    assert INSIDE in site.names(ZONE)


def test_a_certificate_is_ordered_for_the_domain_and_a_wildcard(site: Site) -> None:
    names = [ZONE, f"*.{ZONE}"]
    leaf = x509.load_pem_x509_certificates(site.order(*names).encode())[0]
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(found.get_values_for_type(x509.DNSName)) == sorted(names)
    assert f"_acme-challenge.{ZONE}." not in site.names(ZONE), "it cleans up"


def test_with_another_value_of_the_key_nothing_is_ordered(site: Site) -> None:
    with pytest.raises(RuntimeError, match=f"_acme-challenge.{ZONE}.*DNS update failed"):
        site.order(ZONE, value="AAAA" * 8)
