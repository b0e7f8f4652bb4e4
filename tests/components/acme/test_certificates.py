"""Certificates of Let's Encrypt in the whole program: the order, what is told to whom, and who trusts whom."""

import json
from functools import cache

import pytest
from cryptography import x509

from components.dns.names import updates
from lib import acme
from lib.acme import STAGING
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recorded, Recording
from tests.support.program import STACK_FILE, record_program
from tests.support.variants import in_own_zones

WILDCARD = FIXTURES / "valid" / "every-key.yaml"
SINGLE = FIXTURES / "valid" / "applications.yaml"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
SECRET = "kubernetes:core/v1:Secret"
ISSUER = "kubernetes:cert-manager.io/v1:ClusterIssuer"
INSIDE = {f"{name}-namespace-ca" for name in ("external-secrets", "dns", "dns-internet", "backup")}
"""Who speaks to servers inside the cluster alone, whose certificates the platform's CA signs whoever else does."""
AUTHORITIES = {"certificate-authority-issuing", "cert-manager-ca", "vault-pki-root", "vault-pki-certificate"}
"""The CA itself and those below it."""


@cache
def production() -> Recording:
    """One wildcard by production, after an earlier cluster."""
    return record_program(preview=False, stack_file=WILDCARD, optional_secrets=("keptCertificates",))


@cache
def staging() -> Recording:
    """A certificate for each service, by staging."""
    return record_program(preview=False, stack_file=SINGLE)


@pytest.mark.failure("production-limit")
def test_nothing_is_ordered_from_production_before_staging_has_signed_for_all_its_names() -> None:
    rehearsal = production().one(CERTIFICATE, "rehearsal")
    ordered = [one for one in production().of_type(CERTIFICATE) if _issuer(one) == acme.PRODUCTION]
    assert ordered, "the stack file asks for it"
    assert _issuer(rehearsal) == acme.STAGING, "where failures cost nothing"
    for one in ordered:
        assert set(one.get("spec", "dnsNames")) <= set(rehearsal.get("spec", "dnsNames")), "each name is rehearsed"
        assert production().is_after(one, rehearsal), "and proven before its order"
        assert not {"duration", "renewBefore"} & one.get("spec").keys(), "Let's Encrypt says"
        own = production().one(CERTIFICATE, "postgres-tls")
        assert _seconds(one) > _seconds(own), "a challenge waits until the world sees its record"


def test_what_was_kept_is_there_before_anything_is_registered_or_ordered() -> None:
    put_back = production().one("kubernetes:batch/v1:Job", "kept-certificates-put-back")
    for one in (*production().of_type(ISSUER), *production().of_type(CERTIFICATE)):
        if "acme-" in json.dumps(one.get("spec")):
            assert production().is_after(one, put_back), f"{one.name}: the key of the account and certificates"
            assert production().is_after(one, production().one(ISSUER, "cert-manager-issuer")), "cert-manager works"
    role, binding = (
        production().one(f"kubernetes:rbac.authorization.k8s.io/v1:{kind}", f"kept-certificates-{name}")
        for kind, name in (("Role", "role"), ("RoleBinding", "binding"))
    )
    account = production().one("kubernetes:core/v1:ServiceAccount", "kept-certificates-account")
    assert account.get("automountServiceAccountToken") is False, "only its Job asks for the token"
    assert role.get("rules") == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}], "and reads none"
    assert production().is_after(put_back, binding), "its account may by then"
    assert production().one(SECRET, "kept-certificates").is_secret("stringData", "secrets.json"), "there are keys in it"


@pytest.mark.parametrize("recording", [production, staging], ids=["wildcard", "single"])
def test_every_host_that_people_reach_has_a_certificate_in_the_namespace_that_shows_it(recording: object) -> None:
    made: Recording = recording()  # type: ignore[operator]
    ordered = {
        one.get("spec", "secretName"): one for one in made.of_type(CERTIFICATE) if _issuer(one).startswith("acme-")
    }
    shown = {
        (tls["secretName"], ingress.get("metadata", "namespace"), host)
        for ingress in made.of_type("kubernetes:networking.k8s.io/v1:Ingress")
        for tls in ingress.get("spec", "tls")
        for host in tls["hosts"]
    }
    assert shown, "Vault's at least"
    for secret, namespace, host in shown:
        spec = ordered[secret].get("spec")
        annotations = spec["secretTemplate"]["annotations"]
        assert {host, f"*.{host.partition('.')[2]}"} & set(spec["dnsNames"]), f"{secret} is valid for {host}"
        assert namespace in annotations["reflector.v1.k8s.emberstack.com/reflection-auto-namespaces"].split(","), (
            f"{secret} is copied to {namespace}"
        )


@pytest.mark.failure("challenge-that-cannot-work")
def test_challenges_are_looked_up_from_outside_and_nowhere_else() -> None:
    values = production().one("kubernetes:helm.sh/v3:Release", "cert-manager-release").get("values")
    assert values["dns01RecursiveNameservers"] == "8.8.8.8:53,1.0.0.1:53", "of the stack file"
    assert values["dns01RecursiveNameserversOnly"] is True, "the nameservers may have other addresses in here"


@pytest.mark.parametrize(
    ("recording", "provider", "field"),
    [(production, "cloudflare", "apiTokenSecretRef"), (staging, "digitalocean", "tokenSecretRef")],
)
def test_the_token_of_the_provider_is_in_the_secret_that_the_solver_names(
    recording: object, provider: str, field: str
) -> None:
    made: Recording = recording()  # type: ignore[operator]
    token = made.one(SECRET, "acme-dns-token")
    assert token.is_secret("stringData", "token"), "it may edit the zone"
    for issuer in made.of_type(ISSUER):
        if "acme" in issuer.get("spec"):
            reference = issuer.get("spec", "acme", "solvers", 0, "dns01", provider, field)
            assert reference["name"] == token.get("metadata", "name")
            assert reference["key"] in token.get("stringData")


def test_the_own_zones_are_updated_with_the_key_of_the_registry() -> None:
    """Fields of the definition of ClusterIssuer; the algorithm as cert-manager's pkg/issuer/acme/dns/rfc2136 has it."""
    made = in_own_zones()
    key, issuer = made.one("kubernetes:external-secrets.io/v1:ExternalSecret", "acme-tsig"), made.one(ISSUER, STAGING)
    assert key.get("spec", "data", 0, "remoteRef", "key").endswith("dns/acme"), "what PowerDNS knows by the name acme"
    (solver,) = issuer.get("spec", "acme", "solvers")
    assert solver["dns01"]["rfc2136"] == {
        "nameserver": updates(load_stack_file(STACK_FILE), solver["selector"]["dnsZones"][0]),
        "tsigKeyName": "acme",
        "tsigAlgorithm": "HMACSHA256",
        "tsigSecretSecretRef": {"name": key.get("metadata", "name"), "key": key.get("spec", "data", 0, "secretKey")},
    }
    zones = [one for one in made.of_type("kubernetes:batch/v1:Job") if one.name.endswith("-zones")]
    assert zones, "a Job for each side"
    assert all(made.is_after(issuer, one) for one in zones), "challenges are answered by then"


@pytest.mark.parametrize("recording", [production, staging], ids=["production", "staging"])
def test_whoever_is_told_to_trust_the_ca_trusts_who_signs_for_the_hosts_as_well(recording: object) -> None:
    """Go, Rust, OpenSSL and the API server ask no system once they are told."""
    made: Recording = recording()  # type: ignore[operator]
    issuer = load_stack_file(WILDCARD if recording is production else SINGLE).certificates.issuer
    own, root = str(made.stack_outputs.values["caCertificate"]).splitlines()[1], acme.roots(issuer).splitlines()[3]
    told = [one for one in made.resources if own in json.dumps(one.inputs, default=str)]
    lacking = {one.name for one in told if root not in json.dumps(one.inputs, default=str)}
    assert len(told) > len(lacking), "it is looked for in the right way"
    assert lacking - AUTHORITIES <= INSIDE, "they would refuse every host"


@pytest.mark.failure("issuer-that-lies")
@pytest.mark.parametrize("issuer", [acme.STAGING, acme.PRODUCTION])
def test_the_roots_are_those_of_the_issuer_and_last(issuer: str) -> None:
    found = x509.load_pem_x509_certificates(acme.roots(issuer).encode())
    for one in found:
        one.verify_directly_issued_by(one)
        name = one.subject.rfc4514_string()
        assert ("STAGING" in name) is (issuer == acme.STAGING), f"{name}: what staging signs, no other client may trust"
        assert one.not_valid_after_utc.year >= 2035, f"{name} outlives what is signed today"
    assert len(found) == 4, "two generations, each with RSA and ECDSA"


def _seconds(certificate: Recorded) -> int:
    return int(certificate.timeouts["create"].removesuffix("s"))


def _issuer(certificate: Recorded) -> str:
    return str(certificate.get("spec", "issuerRef", "name"))
