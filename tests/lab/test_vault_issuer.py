"""The simulated PKI engine, and cert-manager's issuer that has certificates signed by it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lab.providers.errors import InitFailedError
from tests.lab.bench import Bench, refuses
from tests.lab.platforms import with_certificates, with_vault

KIND = "vault:pkiSecret/{}:{}".format
REQUEST = KIND("secretBackendIntermediateCertRequest", "SecretBackendIntermediateCertRequest")
SIGNED = KIND("secretBackendIntermediateSetSigned", "SecretBackendIntermediateSetSigned")
ISSUERS = KIND("secretBackendConfigIssuers", "SecretBackendConfigIssuers")
ROLE = KIND("secretBackendRole", "SecretBackendRole")
SIGN_POLICY = 'path "pki/sign/platform" { capabilities = ["update"] }'
AUDIENCE = "vault://vault-pki"
START = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)


def certificate(key: Any, name: str) -> str:
    """A certificate of a public key by some CA, PEM."""
    signer = ec.derive_private_key(7, ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key).serial_number(9)
    builder = builder.not_valid_before(START).not_valid_after(START + datetime.timedelta(days=9))
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def with_authority(kube: Bench) -> str:
    """An engine with an imported intermediate that has its key in Vault; returns the id of its issuer."""
    kube.create("vault:index/mount:Mount", {"path": "pki", "type": "pki"}, "engine")
    request = {"backend": "pki", "type": "internal", "commonName": "Vault CA"}
    csr = kube.create(REQUEST, request, "request").outputs["csr"]
    signed = certificate(x509.load_pem_x509_csr(csr.encode()).public_key(), "Vault CA")
    imported = kube.create(SIGNED, {"backend": "pki", "certificate": signed}, "signed").outputs["importedIssuers"]
    return str(imported[0])


def test_a_request_that_changes_is_another_request(bench: Bench) -> None:
    request = {"backend": "pki", "type": "internal", "commonName": "Vault CA"}
    assert bench.diff(REQUEST, request, request | {"commonName": "Other CA"}).replaces == ("commonName",)


def with_signing_role(kube: Bench) -> None:
    kube.create(ISSUERS, {"backend": "pki", "default": with_authority(kube)}, "issuers")
    freedoms = {"allowSubdomains": False, "allowBareDomains": True, "allowGlobDomains": True}
    role = {"backend": "pki", "name": "platform", "allowedDomains": ["*.svc", "home.example"]} | freedoms
    kube.create(ROLE, role | {"allowIpSans": False}, "role")


def with_login(kube: Bench, *, audience: str = AUDIENCE, policy: str = SIGN_POLICY) -> None:
    kube.create("vault:index/authBackend:AuthBackend", {"type": "kubernetes"}, "kubernetes")
    host = {"backend": "kubernetes", "kubernetesHost": "https://kubernetes.default.svc"}
    kube.create("vault:kubernetes/authBackendConfig:AuthBackendConfig", host, "config")
    kube.create("vault:index/policy:Policy", {"name": "issuer", "policy": policy}, "policy")
    role = {
        "backend": "kubernetes",
        "roleName": "issuer",
        "boundServiceAccountNames": ["vault-issuer"],
        "boundServiceAccountNamespaces": ["cert-manager"],
        "audience": audience,
        "tokenPolicies": ["issuer"],
    }
    kube.create("vault:kubernetes/authBackendRole:AuthBackendRole", role, "login")


def with_account(kube: Bench, *, resource: str = "serviceaccounts/token") -> None:
    """The account, and cert-manager's right to make tokens of it."""
    kube.object("v1", "ServiceAccount", "vault-issuer", "cert-manager")
    rbac = "rbac.authorization.k8s.io/v1"
    rule = {"apiGroups": [""], "resources": [resource], "resourceNames": ["vault-issuer"], "verbs": ["create"]}
    kube.object(rbac, "Role", "tokens", "cert-manager", rules=[rule])
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tokens"}
    subjects = [{"kind": "ServiceAccount", "name": "cert-manager", "namespace": "cert-manager"}]
    kube.object(rbac, "RoleBinding", "tokens", "cert-manager", roleRef=reference, subjects=subjects)


def issuer(kube: Bench, **more: Any) -> None:
    login = {"role": "issuer", "mountPath": "/v1/auth/kubernetes", "serviceAccountRef": {"name": "vault-issuer"}}
    vault = {"server": "https://api.vault.svc:8200", "path": "pki/sign/platform", "caBundle": "UEVN"}
    spec = {"vault": {**vault, "auth": {"kubernetes": login}, **more}}
    metadata = {"annotations": {"pulumi.com/waitFor": "condition=Ready"}}
    kube.object("cert-manager.io/v1", "ClusterIssuer", "vault-pki", spec=spec, metadata=metadata)


@pytest.fixture
def platform(kube: Bench) -> Bench:
    """Vault with a role that signs, and cert-manager."""
    with_vault(kube)
    with_certificates(kube)
    with_signing_role(kube)
    return kube


def signed(kube: Bench, host: str) -> None:
    """Ask the issuer for a certificate of the host, and await it."""
    reference = {"kind": "ClusterIssuer", "name": "vault-pki"}
    spec = {"secretName": "tls", "dnsNames": [host], "issuerRef": reference}
    metadata = {"annotations": {"pulumi.com/waitFor": "condition=Ready"}}
    kube.object("cert-manager.io/v1", "Certificate", "tls", "vault", spec=spec, metadata=metadata)


@pytest.mark.parametrize("host", ["a.vault.svc", "home.example"])
def test_an_issuer_that_may_log_in_signs_for_the_hosts_of_its_role(platform: Bench, host: str) -> None:
    with_login(platform)
    with_account(platform)
    issuer(platform)
    signed(platform, host)
    assert platform.cluster.exists("Secret", "vault", "tls"), "an issued certificate is a Secret"


@pytest.mark.parametrize("host", ["evil.example", "svc", "a.vault.svc.evil.example", "git.home.example", "xsvc"])
def test_an_issuer_signs_for_no_other_host(platform: Bench, host: str) -> None:
    with_login(platform)
    with_account(platform)
    issuer(platform)
    with refuses(f"{host} not allowed by this role", InitFailedError):
        signed(platform, host)


@pytest.mark.parametrize("resource", ["serviceaccounts", "secrets"])
def test_cert_manager_needs_the_right_to_make_tokens(platform: Bench, resource: str) -> None:
    with_login(platform)
    with_account(platform, resource=resource)
    with refuses('cannot create resource "serviceaccounts/token"', InitFailedError):
        issuer(platform)


def test_a_role_for_another_audience_refuses_the_token(platform: Bench) -> None:
    with_login(platform, audience="vault")
    with_account(platform)
    with refuses("invalid audience", InitFailedError):
        issuer(platform)


def test_a_policy_for_another_path_does_not_let_it_sign(platform: Bench) -> None:
    with_login(platform, policy='path "pki/issue/platform" { capabilities = ["update"] }')
    with_account(platform)
    with refuses("pki/sign/platform: permission denied", InitFailedError):
        issuer(platform)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"caBundle": ""}, "certificate signed by unknown authority"),
        ({"server": "https://nowhere.vault.svc:8200"}, "no such host"),
    ],
)
def test_vault_must_be_trusted_and_there(platform: Bench, wrong: dict[str, str], reason: str) -> None:
    with_login(platform)
    with_account(platform)
    with refuses(reason, InitFailedError):
        issuer(platform, **wrong)


def test_an_issuer_without_its_key_cannot_be_the_one_that_signs(kube: Bench) -> None:
    with_vault(kube)
    with_authority(kube)
    foreign = certificate(ec.derive_private_key(8, ec.SECP256R1()).public_key(), "root")
    imported = kube.create(SIGNED, {"backend": "pki", "certificate": foreign}, "root").outputs["importedIssuers"]
    with refuses("has no key in Vault"):
        kube.create(ISSUERS, {"backend": "pki", "default": imported[0]})
    with refuses("unable to find PKI issuer: nobody"):
        kube.create(ISSUERS, {"backend": "pki", "default": "nobody"})


def test_everything_needs_the_engine(kube: Bench) -> None:
    with_vault(kube)
    for token, inputs in (
        (REQUEST, {"backend": "pki", "type": "internal", "commonName": "CA"}),
        (SIGNED, {"backend": "pki", "certificate": "x"}),
        (ROLE, {"backend": "pki", "name": "platform"}),
    ):
        with refuses('no handler for route "pki/'):
            kube.create(token, inputs)


def test_the_key_of_a_request_does_not_leave_vault(kube: Bench) -> None:
    with_vault(kube)
    kube.create("vault:index/mount:Mount", {"path": "pki", "type": "pki"}, "engine")
    made = kube.create(REQUEST, {"backend": "pki", "type": "internal", "commonName": "CA"}, "request")
    assert "PRIVATE KEY" not in str(made.outputs), "only the request does"
