"""Random values and certificates are real ones, and change when and only when they should."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab.providers.base import CheckFailedError
from tests.lab.bench import Bench, refuses

PASSWORD = "random:index/randomPassword:RandomPassword"
BYTES = "random:index/randomBytes:RandomBytes"
KEY = "tls:index/privateKey:PrivateKey"
REQUEST = "tls:index/certRequest:CertRequest"
SELF_SIGNED = "tls:index/selfSignedCert:SelfSignedCert"
SIGNED = "tls:index/locallySignedCert:LocallySignedCert"


def test_a_password_has_the_length_and_the_characters_it_was_asked_for(bench: Bench) -> None:
    inputs = {"length": 40, "special": False, "minNumeric": 5}
    first = bench.create(PASSWORD, inputs).outputs["result"]
    second = bench.create(PASSWORD, inputs).outputs["result"]
    assert len(first) == 40, "the length is exact"
    assert first.isalnum(), "special characters were not wanted"
    assert sum(character.isdigit() for character in first) >= 5, "at least five digits were"
    assert first != second, "each is drawn anew"


def test_a_password_without_length_is_refused(bench: Bench) -> None:
    with refuses("The argument 'length' is required", CheckFailedError):
        bench.check(PASSWORD, {})
    with refuses("at least 1", CheckFailedError):
        bench.check(PASSWORD, {"length": 0})


def test_a_new_keeper_is_a_new_value(bench: Bench) -> None:
    old, new = {"length": 8, "keepers": {"generation": "1"}}, {"length": 8, "keepers": {"generation": "2"}}
    assert bench.diff(PASSWORD, old, new).replaces == ("keepers",), "that is what keepers are for"
    assert not bench.diff(PASSWORD, old, old).changes, "the same inputs keep the value"


def test_an_update_keeps_what_was_made(bench: Bench) -> None:
    made = bench.create(PASSWORD, {"length": 8}).outputs
    kept = bench.update(PASSWORD, "none", {"length": 8}, {"length": 8}, state=made).outputs
    assert kept == made, "what uses it would be without a value"


def test_bytes_are_the_same_in_every_form(bench: Bench) -> None:
    made = bench.create(BYTES, {"length": 16}).outputs
    assert len(bytes.fromhex(made["hex"])) == 16, "as many as were asked for"


@pytest.mark.parametrize(
    ("inputs", "size"),
    [({"algorithm": "RSA", "rsaBits": 2048}, 2048), ({"algorithm": "ECDSA", "ecdsaCurve": "P256"}, 256)],
)
def test_a_key_is_one_that_others_can_read(bench: Bench, inputs: dict[str, object], size: int) -> None:
    made = bench.create(KEY, inputs).outputs
    key = serialization.load_pem_private_key(made["privateKeyPem"].encode(), None)
    assert getattr(key, "key_size", None) == size, "the size that was asked for"


def test_an_unknown_algorithm_is_refused(bench: Bench) -> None:
    with refuses('must be one of: \\["RSA" "ECDSA" "ED25519"\\], got: DSA'):
        bench.create(KEY, {"algorithm": "DSA"})


def test_a_signed_certificate_is_verified_by_its_ca_and_carries_its_names(bench: Bench) -> None:
    key = bench.create(KEY, {"algorithm": "ECDSA", "ecdsaCurve": "P256"}).outputs["privateKeyPem"]
    root = {"privateKeyPem": key, "subject": {"commonName": "root"}, "isCaCertificate": True}
    root |= {"validityPeriodHours": 24, "allowedUses": ["cert_signing"]}
    authority = bench.create(SELF_SIGNED, root).outputs["certPem"]
    leaf = bench.create(KEY, {"algorithm": "ED25519"}).outputs["privateKeyPem"]
    request = {"privateKeyPem": leaf, "dnsNames": ["vault"], "ipAddresses": ["127.0.0.1"]}
    signed = {
        "certRequestPem": bench.create(REQUEST, request).outputs["certRequestPem"],
        "caCertPem": authority,
        "caPrivateKeyPem": key,
        "validityPeriodHours": 1,
        "allowedUses": ["server_auth"],
    }
    certificate = x509.load_pem_x509_certificate(bench.create(SIGNED, signed).outputs["certPem"].encode())
    above = x509.load_pem_x509_certificate(authority.encode())
    certificate.verify_directly_issued_by(above)
    known = above.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    named = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert named == known, "a CA says which its key is (Vault signs with none other), and what it signs names that"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["vault"], "the request's names are in it"
    with refuses("private key does not belong to its certificate"):
        bench.create(SIGNED, {**signed, "caPrivateKeyPem": leaf})
    with refuses("allowed_uses value is not supported: 'serve'"):
        bench.create(SIGNED, {**signed, "allowedUses": ["serve"]})
