"""The CA of the platform and what it signs."""

from typing import Any

import pulumi
import pytest

from components.certificate import Certificate, CertificateArgs
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording

CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"


@pytest.fixture
def root(update: Recording) -> Recorded:
    return update.one("tls:index/selfSignedCert:SelfSignedCert", "certificate-authority-root")


@pytest.fixture
def issuing(update: Recording) -> Recorded:
    return update.one("tls:index/locallySignedCert:LocallySignedCert", "certificate-authority-issuing")


def test_an_authority_outlives_what_it_signs_and_is_renewed_while_it_still_does(
    root: Recorded, issuing: Recorded
) -> None:
    renewal_of_the_root = root.get("validityPeriodHours") - root.get("earlyRenewalHours")
    assert issuing.get("validityPeriodHours") < root.get("validityPeriodHours"), "a chain is as old as its oldest part"
    for one in (root, issuing):
        assert "cert_signing" in one.get("allowedUses"), "its purpose is to sign"
        assert 0 < one.get("earlyRenewalHours") < one.get("validityPeriodHours") / 2, "time for a person to notice"
    assert renewal_of_the_root > issuing.get("validityPeriodHours"), "the root changes least often"


def test_the_root_signs_the_issuing_authority_and_clients_trust_it(
    update: Recording, root: Recorded, issuing: Recorded
) -> None:
    key = update.one("tls:index/privateKey:PrivateKey", "certificate-authority-root-key")
    assert issuing.property_dependencies["caCertPem"] == {root.urn}, "clients trust the root"
    assert issuing.property_dependencies["caPrivateKeyPem"] == {key.urn}, "with the key of the same root"
    assert not update.stack_outputs.is_secret("caCertificate"), "people must be able to read and install it"
    chain = update.one("kubernetes:core/v1:Secret", "cert-manager-ca").get("stringData", "tls.crt")
    assert chain.endswith(update.stack_outputs.values["caCertificate"]), "the root comes last in the chain"
    assert chain.count("BEGIN CERTIFICATE") == 2, "and the issuing authority before it"


def issued(opts: pulumi.ResourceOptions) -> dict[str, Any]:
    issuer = pulumi.ComponentResource("test:issuer:Issuer", "issuer", None, opts)
    certificate = Certificate(
        "web-tls",
        CertificateArgs(
            namespace="web",
            secret_name="web-tls",
            hosts=("web.example.test", "alias.example.test"),
            ip_addresses=("10.9.0.4",),
            issuer_ready=issuer,
        ),
        opts,
    )
    return {"secret": certificate.secret_name}


def test_a_certificate_covers_every_name_and_address_that_clients_use() -> None:
    spec = record_component(issued).one(CERTIFICATE).get("spec")
    assert spec["dnsNames"] == ["web.example.test", "alias.example.test"], "a missing name is a failed handshake"
    assert spec["ipAddresses"] == ["10.9.0.4"], "addresses are matched separately from names"


def test_a_certificate_without_addresses_says_nothing_of_them() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        issuer = pulumi.ComponentResource("test:issuer:Issuer", "issuer", None, opts)
        args = CertificateArgs(namespace="web", secret_name="web-tls", hosts=("a.example.test",), issuer_ready=issuer)
        Certificate("web-tls", args, opts)

    assert "ipAddresses" not in record_component(build).one(CERTIFICATE).get("spec"), (
        "the API server stores no empty list, so an empty one is a difference at every preview"
    )


def test_the_name_of_the_secret_is_known_in_a_preview_and_makes_the_order() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        name = issued(opts)["secret"]
        pulumi.ComponentResource("test:user:User", "user", {"secret": name}, opts)

    user = record_component(build).one("test:user:User")
    assert any(CERTIFICATE in urn for urn in user.dependencies), "whoever uses the name waits for the Secret"
