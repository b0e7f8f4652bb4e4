"""The CA of the platform and what it signs."""

from typing import Any

import pulumi
import pytest

from components.certificate import Certificate, CertificateArgs
from components.certificate_authority import CertificateAuthority, CertificateAuthorityArgs
from lib.names import CLUSTER_ISSUER
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording

ROOT = "tls:index/selfSignedCert:SelfSignedCert"
SIGNED = "tls:index/locallySignedCert:LocallySignedCert"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"


def authority(opts: pulumi.ResourceOptions) -> dict[str, Any]:
    made = CertificateAuthority("ca", CertificateAuthorityArgs(cluster_name="home"), opts)
    return {"root": made.certificate_pem, "chain": made.issuing_chain_pem, "key": made.issuing_key_pem}


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record_component(authority)


@pytest.fixture(scope="module")
def root(recording: Recording) -> Recorded:
    return recording.one(ROOT)


@pytest.fixture(scope="module")
def issuing(recording: Recording) -> Recorded:
    return recording.one(SIGNED)


def test_both_are_authorities_and_the_lower_one_signs_no_further_ones(root: Recorded, issuing: Recorded) -> None:
    for one in (root, issuing):
        assert one.get("isCaCertificate") is True, "a leaf can sign nothing"
        assert "cert_signing" in one.get("allowedUses"), "its purpose is to sign"
    assert (root.get("maxPathLength"), issuing.get("maxPathLength")) == (1, 0), (
        "whoever steals the key in the cluster must not be able to make another CA"
    )


def test_an_authority_outlives_what_it_signs_and_is_renewed_while_it_still_does(
    root: Recorded, issuing: Recorded
) -> None:
    renewal_of_the_root = root.get("validityPeriodHours") - root.get("earlyRenewalHours")
    assert issuing.get("validityPeriodHours") < root.get("validityPeriodHours"), "a chain is as old as its oldest part"
    for one in (root, issuing):
        assert 0 < one.get("earlyRenewalHours") < one.get("validityPeriodHours") / 2, "time for a person to notice"
    assert renewal_of_the_root > issuing.get("validityPeriodHours"), "the root changes least often"


def test_the_root_signs_the_issuing_authority(recording: Recording, root: Recorded, issuing: Recorded) -> None:
    key = recording.named("ca-root-key")[0]
    assert issuing.property_dependencies["caCertPem"] == {root.urn}, "clients trust the root"
    assert issuing.property_dependencies["caPrivateKeyPem"] == {key.urn}, "with the key of the same root"


def test_every_key_stays_secret(recording: Recording, issuing: Recorded) -> None:
    assert recording.stack_outputs.is_secret("key"), "whoever has it is trusted by every browser of the house"
    assert issuing.is_secret("caPrivateKeyPem"), "it is an input of the certificate"
    for resource in recording.resources:
        for path, text, secret in resource.strings():
            assert secret or not any(value in text for value in recording.issued), f"{resource} {path} shows a key"


def test_what_clients_trust_is_public(recording: Recording) -> None:
    assert not recording.stack_outputs.is_secret("root"), "people must be able to read and install it"


def test_the_chain_begins_with_the_issuing_authority(recording: Recording) -> None:
    chain, root = recording.stack_outputs.values["chain"], recording.stack_outputs.values["root"]
    assert chain.endswith(root), "the root comes last"
    assert chain.count("BEGIN CERTIFICATE") == 2, "and one before it"


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


def test_a_certificate_is_awaited_and_asks_the_one_issuer() -> None:
    certificate = record_component(issued).one(CERTIFICATE)
    assert certificate.get("metadata", "annotations", "pulumi.com/waitFor") == "condition=Ready", (
        "a pod that mounts the Secret before it exists does not start"
    )
    assert certificate.get("spec", "issuerRef", "name") == CLUSTER_ISSUER, "the one that the cluster brings up"
    assert certificate.get("spec", "issuerRef", "kind") == "ClusterIssuer", "it serves every namespace"


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
