"""Vault as a certificate authority, and cert-manager's access to it; see also facts.yaml."""

import base64

import pytest

from components.vault import pki, policies
from tests.support.engine import Recording

SIGNED = "tls:index/locallySignedCert:LocallySignedCert"
ROLE_BINDING = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
ISSUER = "kubernetes:cert-manager.io/v1:ClusterIssuer"


def test_the_root_signs_an_intermediate_that_signs_no_further_ca(update: Recording) -> None:
    signed, issuing = update.one(SIGNED, "vault-pki-certificate"), update.one(SIGNED, "certificate-authority-issuing")
    assert signed.get("certRequestPem").startswith("-----BEGIN CERTIFICATE REQUEST"), "from the request in Vault"
    assert signed.get("caPrivateKeyPem") == issuing.get("caPrivateKeyPem"), "both below the root"
    assert (signed.get("isCaCertificate"), signed.get("maxPathLength")) == (True, 0), "leaves only"
    assert signed.get("validityPeriodHours") < issuing.get("validityPeriodHours"), "it is renewed by an `up`"
    assert not update.named("vault-pki*-key"), "its own key is made in Vault, and none outside"


def test_vault_learns_urls_then_root_then_intermediate_then_signs(update: Recording) -> None:
    chain = [update.one("vault:*", f"vault-pki-{name}") for name in ("urls", "root", "intermediate", "issuers", "role")]
    for index, later in enumerate(chain[1:], start=1):
        assert update.is_after(later, chain[index - 1]), f"{later} needs what came before it"
    assert chain[3].get("default") not in ("", None), "the issuer with the key signs, not the imported root"
    engine = update.one("vault:index/mount:Mount", "vault-pki-engine")
    assert chain[4].get("maxTtl") == str(engine.get("maxLeaseTtlSeconds")), "the engine caps what the role promises"


def test_cert_manager_may_make_tokens_of_one_account_and_nothing_else(update: Recording) -> None:
    (rule,) = update.one("kubernetes:rbac.authorization.k8s.io/v1:Role", "vault-issuer-token-role").get("rules")
    assert rule == {
        "apiGroups": [""],
        "resources": ["serviceaccounts/token"],
        "resourceNames": ["vault-issuer"],
        "verbs": ["create"],
    }, "tokens of any other account would be a way into everything"
    (subject,) = update.one(ROLE_BINDING, "vault-issuer-token-binding").get("subjects")
    assert (subject["name"], subject["namespace"]) == ("cert-manager", "cert-manager"), "its controller"


def test_the_issuer_is_let_in_and_proven_by_a_certificate(update: Recording) -> None:
    issuer = update.one(ISSUER, "vault-issuer")
    vault = issuer.get("spec", "vault")
    authority = update.stack_outputs.values["caCertificate"]
    assert base64.b64decode(vault["caBundle"]).decode() == authority, "it believes Vault's certificate"
    assert vault["path"] == "pki/sign/platform", "the path of the role, not one that trusts the request"
    policy = update.one("vault:index/policy:Policy", "vault-issuer-role-policy").get("policy")
    assert policy == policies.certificate_issuer(vault["path"]), "it may have requests signed"
    needed = [update.one(ROLE_BINDING, "vault-issuer-token-binding")]
    needed += [update.one("vault:*", name) for name in ("vault-issuer-role", "vault-pki-role")]
    assert [str(one) for one in needed if not update.is_after(issuer, one)] == [], "it would be refused at once"
    probe = update.one("kubernetes:cert-manager.io/v1:Certificate", "vault-issuer-probe")
    assert probe.get("spec", "issuerRef", "name") == issuer.get("metadata", "name"), "signed through it"


@pytest.mark.parametrize("issuers", [None, [], ["a", "b"]])
def test_an_import_that_made_no_issuer_is_explained(issuers: list[str] | None) -> None:
    with pytest.raises(ValueError, match="delete that issuer in Vault"):
        pki._only(issuers)
