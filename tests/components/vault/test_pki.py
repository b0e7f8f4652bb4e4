"""Vault as a certificate authority, and cert-manager's access to it."""

import base64

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.certificate_authority import CertificateAuthority, CertificateAuthorityArgs
from components.vault import pki, policies
from components.vault.certificate_issuer import VaultCertificateIssuer, VaultCertificateIssuerArgs
from components.vault.pki import VaultPki, VaultPkiArgs
from tests.support import charts, definitions
from tests.support.components import record_component
from tests.support.engine import Recording

SIGNED = "tls:index/locallySignedCert:LocallySignedCert"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def build(opts: pulumi.ResourceOptions) -> None:
    authority = CertificateAuthority("authority", CertificateAuthorityArgs(cluster_name="home"), opts)
    ready = k8s.core.v1.ConfigMap(
        "ready", opts=pulumi.ResourceOptions(provider=next(one for one in _given(opts) if one.package == "kubernetes"))
    )
    engine = VaultPki(
        "pki",
        VaultPkiArgs(
            gate=ready,
            authority=authority,
            cluster_name="home",
            domain="home.example.com",
            host="vault.home.example.com",
            names=["home.example.com"],
        ),
        opts,
    )
    VaultCertificateIssuer(
        "issuer",
        VaultCertificateIssuerArgs(
            sign_path=engine.sign_path,
            kubernetes_path=pulumi.Output.from_input("kubernetes"),
            ca_certificate=pulumi.Output.from_input(CA),
            service=ready,
            certificates=ready,
            probe_namespace=pulumi.Output.from_input("vault"),
        ),
        opts,
    )


def _given(opts: pulumi.ResourceOptions) -> list[pulumi.ProviderResource]:
    assert isinstance(opts.providers, list), "record_component gives a list"
    return list(opts.providers)


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return record_component(build)


def test_the_key_of_the_intermediate_is_made_in_vault_and_stays_there(recorded: Recording) -> None:
    request = recorded.one("vault:pkiSecret/*", "pki-request")
    assert request.get("type") == "internal", "`exported` would hand the key to the state"
    keys = [one.name for one in recorded.of_type("tls:index/privateKey:PrivateKey")]
    assert keys == ["authority-root-key", "authority-issuing-key"], "none is made outside"


def test_the_root_signs_an_intermediate_that_signs_no_further_ca(recorded: Recording) -> None:
    signed, issuing = recorded.one(SIGNED, "pki-certificate"), recorded.one(SIGNED, "authority-issuing")
    assert signed.get("certRequestPem").startswith("-----BEGIN CERTIFICATE REQUEST"), "from the request in Vault"
    assert signed.get("caPrivateKeyPem") == issuing.get("caPrivateKeyPem"), "both below the root"
    assert (signed.get("isCaCertificate"), signed.get("maxPathLength")) == (True, 0), "leaves only"
    assert signed.get("validityPeriodHours") < issuing.get("validityPeriodHours"), "it is renewed by an `up`"
    assert signed.is_secret("caPrivateKeyPem"), "the root's key is never in plain state"


def test_vault_learns_urls_then_root_then_intermediate_then_signs(recorded: Recording) -> None:
    chain = [recorded.one("vault:*", f"pki-{name}") for name in ("urls", "root", "intermediate", "issuers", "role")]
    for index, later in enumerate(chain[1:], start=1):
        assert recorded.is_after(later, chain[index - 1]), f"{later} needs what came before it"
    issuers = chain[3]
    assert issuers.get("default") not in ("", None), "the issuer with the key signs, not the imported root"
    assert issuers.get("defaultFollowsLatestIssuer") is True, "after a renewal the new one signs"


def test_the_role_signs_for_hosts_of_the_domain_for_services_and_for_the_given_names_only(recorded: Recording) -> None:
    role = recorded.one("vault:pkiSecret/secretBackendRole:SecretBackendRole")
    below = ["*.home.example.com", "*.svc", "*.svc.cluster.local"]
    assert role.get("allowedDomains") == [*below, "home.example.com"], "nothing public"
    assert role.get("allowSubdomains") is False, "else whatever is below a name that is given, too"
    for freedom in ("allowAnyName", "allowIpSans", "allowLocalhost"):
        assert role.get(freedom) is False, f"{freedom} is more than a server of the platform needs"
    assert role.get("allowWildcardCertificates") is False, "one host, one certificate"
    assert (role.get("serverFlag"), role.get("clientFlag"), role.get("codeSigningFlag")) == (True, False, False), "TLS"
    engine = recorded.one("vault:index/mount:Mount")
    assert role.get("maxTtl") == str(engine.get("maxLeaseTtlSeconds")), "the engine caps what the role promises"


def test_cert_manager_may_make_tokens_of_one_account_and_nothing_else(recorded: Recording) -> None:
    (rule,) = recorded.one("kubernetes:rbac.authorization.k8s.io/v1:Role").get("rules")
    account = recorded.one("kubernetes:core/v1:ServiceAccount")
    assert rule == {
        "apiGroups": [""],
        "resources": ["serviceaccounts/token"],
        "resourceNames": [account.get("metadata", "name")],
        "verbs": ["create"],
    }, "tokens of any other account would be a way into everything"
    (subject,) = recorded.one("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding").get("subjects")
    assert (subject["name"], subject["namespace"]) == ("cert-manager", "cert-manager"), "its controller"
    assert account.get("automountServiceAccountToken") is False, "no pod gets one by accident"


def test_the_login_is_bound_to_the_account_and_the_audience_of_this_issuer(recorded: Recording) -> None:
    role = recorded.one("vault:kubernetes/authBackendRole:AuthBackendRole")
    assert role.get("boundServiceAccountNames") == ["vault-issuer"], "one account"
    assert role.get("boundServiceAccountNamespaces") == ["cert-manager"], "of one namespace"
    issuer = recorded.one("kubernetes:cert-manager.io/v1:ClusterIssuer")
    assert role.get("audience") == f"vault://{issuer.get('metadata', 'name')}", "cert-manager makes tokens for it"
    policy = recorded.one("vault:index/policy:Policy").get("policy")
    assert policy == policies.certificate_issuer("pki/sign/platform"), "it may have requests signed"
    assert role.get("tokenPolicies") == ["certificate-issuer"], "and that is all"
    assert role.get("tokenNoDefaultPolicy") is True, "without what Vault gives to everyone"


def test_the_issuer_is_awaited_and_proven_by_a_certificate(recorded: Recording) -> None:
    issuer = recorded.one("kubernetes:cert-manager.io/v1:ClusterIssuer")
    assert issuer.get("metadata", "annotations", "pulumi.com/waitFor") == "condition=Ready", "it has logged in"
    vault = issuer.get("spec", "vault")
    assert base64.b64decode(vault["caBundle"]).decode() == CA, "it believes Vault's certificate"
    assert vault["path"] == "pki/sign/platform", "the path of the role, not one that trusts the request"
    needed = [
        recorded.one("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"),
        recorded.one("vault:kubernetes/authBackendRole:AuthBackendRole"),
        recorded.one("vault:pkiSecret/secretBackendRole:SecretBackendRole"),
    ]
    early = [str(one) for one in needed if not recorded.is_after(issuer, one)]
    assert early == [], "without these it would be refused at once"
    probe = recorded.one(CERTIFICATE, "issuer-probe")
    assert recorded.is_after(probe, issuer), "signed through it"
    assert probe.get("spec", "issuerRef", "name") == "vault-pki", "and not by the other one"


@pytest.mark.skipif(charts.directory() is None, reason=charts.WITHOUT)
def test_the_definition_of_the_issuer_accepts_it(recorded: Recording) -> None:
    issuer = recorded.one("kubernetes:cert-manager.io/v1:ClusterIssuer")
    assert definitions.custom_resource_errors(issuer.inputs) == [], "the API server would refuse it"


@pytest.mark.parametrize("issuers", [None, [], ["a", "b"]])
def test_an_import_that_made_no_issuer_is_explained(issuers: list[str] | None) -> None:
    with pytest.raises(ValueError, match="delete that issuer in Vault"):
        pki._only(issuers)
