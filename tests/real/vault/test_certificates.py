"""cert-manager has certificates signed by Vault, of the kind and for the hosts that the platform needs, no others."""

import datetime
import ipaddress
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from tests.real.vault.api import Answer, Api
from tests.real.vault.paths import granted
from tests.real.vault.site import Site


@pytest.fixture
def issuer(site: Site) -> dict[str, Any]:
    """How the ClusterIssuer reaches Vault."""
    found = site.program.one("kubernetes:cert-manager.io/v1:ClusterIssuer", "vault-issuer")
    return dict(found.get("spec", "vault"))


@pytest.fixture
def signer(site: Site, issuer: dict[str, Any]) -> Api:
    """The client that cert-manager makes of the issuer, with a token for the audience that it gives a ClusterIssuer."""
    login = issuer["auth"]["kubernetes"]
    token = site.api_server.token("cert-manager", login["serviceAccountRef"]["name"], ["vault://vault-pki"])
    body = {"role": login["role"], "jwt": token}
    answer = site.visitor.expect("POST", f"{login['mountPath'].removeprefix('/v1/')}/login", body)
    return site.root.using(answer.body["auth"]["client_token"])


@pytest.fixture
def domain(site: Site) -> str:
    """Below which the platform's hosts are."""
    role = site.program.one("vault:pkiSecret/secretBackendRole:SecretBackendRole")
    return str(role.get("allowedDomains", 0)).removeprefix("*.")


Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def request(names: list[x509.GeneralName], key: Key | None = None) -> str:
    """A request as cert-manager makes it, without a common name."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    signed = builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def sign(signer: Api, path: str, csr: str, hours: int = 2160, **differing: str) -> Answer:
    """cert-manager's call (`Sign` in internal/vault/vault.go)."""
    asked = x509.load_pem_x509_csr(csr.encode())
    names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    body = {
        "common_name": "",
        "alt_names": ",".join(names.get_values_for_type(x509.DNSName)),
        "ip_sans": ",".join(map(str, names.get_values_for_type(x509.IPAddress))),
        "uri_sans": ",".join(names.get_values_for_type(x509.UniformResourceIdentifier)),
        "ttl": f"{hours}h0m0s",
        "csr": csr,
        "exclude_cn_from_sans": "true",
    }
    return signer.ask("POST", path, body | differing)


def certificates(answer: Answer) -> list[x509.Certificate]:
    """The certificate, then the chain."""
    assert answer.status == 200, f"signed: {answer.body}"
    texts = [answer.data["certificate"], *answer.data["ca_chain"]]
    return [x509.load_pem_x509_certificate(text.encode()) for text in texts]


def test_a_certificate_is_trusted_by_who_trusts_the_root(
    site: Site, signer: Api, issuer: dict[str, Any], domain: str
) -> None:
    host = f"git.{domain}"
    leaf, *chain = certificates(sign(signer, issuer["path"], request([x509.DNSName(host)])))
    root = x509.load_pem_x509_certificate(site.authority.pem)
    assert root in chain, "Vault answers with the whole chain"
    verifier = PolicyBuilder().store(Store([root])).build_server_verifier(x509.DNSName(host))
    path = verifier.verify(leaf, [one for one in chain if one != root])
    assert len(path) == 3, "leaf, Vault's CA, root"


def test_a_certificate_is_for_a_server_and_lasts_ninety_days(
    signer: Api, issuer: dict[str, Any], domain: str, site: Site
) -> None:
    leaf, *_ = certificates(sign(signer, issuer["path"], request([x509.DNSName(f"git.{domain}")])))
    usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.SERVER_AUTH], "not for clients"
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign, usage.crl_sign) == (True, False, False), "it signs no other"
    lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert lifetime <= datetime.timedelta(days=90, minutes=1), "as long as was asked for"
    host = site.program.one("vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls")
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    listed = [name.value for point in points for name in point.full_name or ()]
    assert listed == host.get("crlDistributionPoints"), "who revokes it is named in it"


def test_nothing_lasts_longer_than_ninety_days(signer: Api, issuer: dict[str, Any], domain: str) -> None:
    leaf, *_ = certificates(sign(signer, issuer["path"], request([x509.DNSName(f"git.{domain}")]), hours=24 * 365))
    lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert lifetime <= datetime.timedelta(days=90, minutes=1), "whatever is asked for"


@pytest.mark.parametrize("host", ["probe.vault.svc", "valkey.databases.svc.cluster.local", "a.b.{domain}", "{domain}"])
def test_hosts_of_services_and_below_the_domain_and_the_domain_of_user_ids_are_signed(
    signer: Api, issuer: dict[str, Any], domain: str, host: str
) -> None:
    name = host.format(domain=domain)
    leaf, *_ = certificates(sign(signer, issuer["path"], request([x509.DNSName(name)])))
    signed = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert signed.get_values_for_type(x509.DNSName) == [name], "exactly what was asked for"


@pytest.mark.parametrize(
    "host",
    [
        "*.{domain}",
        "git.{domain}.evil.test",
        "git.x{domain}",
        "evil.test",
        "localhost",
        "svc",
        "svc.cluster.local",
        "*.svc",
    ],
)
def test_other_hosts_are_refused(signer: Api, issuer: dict[str, Any], domain: str, host: str) -> None:
    name = host.format(domain=domain)
    answer = sign(signer, issuer["path"], request([x509.DNSName(name)]))
    assert answer.status == 400, f"{name} is not the platform's to have signed here: {answer.body}"


def test_the_certificate_that_the_program_asks_for_is_signed(site: Site, signer: Api, issuer: dict[str, Any]) -> None:
    certificate = site.program.one("kubernetes:cert-manager.io/v1:Certificate", "matrix-tls").get("spec")
    assert certificate["issuerRef"]["name"] == "vault-pki", "the issuer whose request this is"
    csr = request([x509.DNSName(name) for name in certificate["dnsNames"]])
    leaf, *_ = certificates(sign(signer, issuer["path"], csr))
    signed = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(signed.get_values_for_type(x509.DNSName)) == set(certificate["dnsNames"]), "every name of chat"


def test_one_wrong_host_among_right_ones_is_refused(signer: Api, issuer: dict[str, Any], domain: str) -> None:
    csr = request([x509.DNSName(f"git.{domain}"), x509.DNSName("evil.test")])
    assert sign(signer, issuer["path"], csr).status == 400, "all or nothing"


def test_what_the_request_itself_says_counts(signer: Api, issuer: dict[str, Any], domain: str) -> None:
    csr = request([x509.DNSName("evil.test")])
    answer = sign(signer, issuer["path"], csr, alt_names=f"git.{domain}")
    assert answer.status == 400, f"the names are those of the request, not of the call: {answer.body}"


@pytest.mark.parametrize(
    "name",
    [
        x509.IPAddress(ipaddress.ip_address("10.2.3.4")),
        x509.UniformResourceIdentifier("spiffe://cluster.local/ns/vault/sa/vault"),
        x509.RFC822Name("admin@example.test"),
    ],
    ids=lambda name: type(name).__name__,
)
def test_addresses_and_identities_are_not_signed(
    signer: Api, issuer: dict[str, Any], domain: str, name: x509.GeneralName
) -> None:
    answer = sign(signer, issuer["path"], request([x509.DNSName(f"git.{domain}"), name]))
    assert answer.status == 400, f"only names of hosts: {answer.body}"


def test_a_key_of_another_kind_is_refused(signer: Api, issuer: dict[str, Any], domain: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    answer = sign(signer, issuer["path"], request([x509.DNSName(f"git.{domain}")], key))
    assert answer.status == 400, f"keys are on P-256: {answer.body}"


def test_an_administrator_finds_a_certificate_and_revokes_it(
    site: Site, signer: Api, issuer: dict[str, Any], domain: str
) -> None:
    leaf, authority, *_ = certificates(sign(signer, issuer["path"], request([x509.DNSName(f"leaked.{domain}")])))
    grace = site.as_person("grace", "vault-admins")
    serial = ":".join(f"{byte:02x}" for byte in leaf.serial_number.to_bytes(20).lstrip(b"\0"))
    assert serial in grace.expect("LIST", "pki/certs").data["keys"], "among all that were issued"
    grace.expect("POST", "pki/revoke", {"serial_number": serial})
    site.root.expect("GET", "pki/crl/rotate")  # otherwise rebuilt within the hours that are configured
    published = x509.load_der_x509_crl(site.visitor.expect("GET", "pki/crl").content)
    assert published.get_revoked_certificate_by_serial_number(leaf.serial_number), "everybody can know"
    key = authority.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey), "the list is signed"
    assert published.is_signature_valid(key), "by the authority that signed the certificate"


def test_of_all_paths_that_vault_serves_only_signing_by_the_role_is_open_to_it(
    site: Site, signer: Api, issuer: dict[str, Any]
) -> None:
    more = ["kv/data/platform/gitea/admin", "pki/sign-verbatim", "pki/issue/platform", "pki/sign/other", issuer["path"]]
    assert granted(site.root, signer, *more) == {issuer["path"]: {"update"}}, "as Vault itself judges"


def test_vaults_own_authority_keeps_its_key_and_is_the_one_that_signs(site: Site) -> None:
    issuers = site.root.expect("LIST", "pki/issuers").data["key_info"]
    with_key = [name for name, info in issuers.items() if info["key_id"]]
    (signing,) = with_key
    default = site.root.read("pki/config/issuers")["default"]
    assert default == signing, "the intermediate; of the root Vault has the certificate alone"
    found = site.root.read(f"pki/issuer/{signing}")
    assert len(found["ca_chain"]) == 2, "with the root above it"
    keys = site.root.expect("LIST", "pki/keys").data["keys"]
    assert len(keys) == 1, "one key, made in Vault"
    assert "private" not in str(site.root.read(f"pki/key/{keys[0]}")).lower(), "which never leaves it"
