"""External Secrets and cert-manager make Secrets only when everything behind them is right."""

from typing import Any

import pytest
from cryptography import x509

from lab.providers.errors import InitFailedError
from lab.providers.kubernetes.cluster import secret_data
from lab.providers.operators import signing
from lab.providers.talos import pki
from tests.lab.bench import Bench, refuses
from tests.lab.platforms import with_certificates, with_kv, with_reader, with_vault

READ_ALL = 'path "kv/data/*" { capabilities = ["read"] }'
READY = {"annotations": {"pulumi.com/waitFor": "condition=Ready"}}


def store(kube: Bench, **changes: Any) -> None:
    kubernetes = {
        "mountPath": "kubernetes",
        "role": "reader",
        "serviceAccountRef": {"name": "external-secrets", "namespace": "external-secrets", "audiences": ["vault"]},
    }
    provider = {
        "server": "https://vault.vault.svc:8200",
        "path": "kv",
        "version": "v2",
        "caBundle": "LS0t",
        "auth": {"kubernetes": kubernetes},
    }
    spec: dict[str, Any] = {"provider": {"vault": {**provider, **changes.pop("vault", {})}}, **changes}
    kube.object("external-secrets.io/v1", "ClusterSecretStore", "vault", spec=spec, metadata=READY)


def wanted(kube: Bench, key: str = "app", field: str = "password", **target: Any) -> None:
    spec = {
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
        "target": {"name": "creds", **target},
        "data": [{"secretKey": "value", "remoteRef": {"key": key, "property": field}}],
    }
    kube.object("external-secrets.io/v1", "ExternalSecret", "creds", "shop", spec=spec, metadata=READY)


@pytest.fixture
def vault(kube: Bench) -> Bench:
    """Vault with one secret, and the operator."""
    with_vault(kube)
    with_kv(kube, password="hunter2")
    kube.namespace("external-secrets")
    kube.release("external-secrets", "external-secrets", {"installCRDs": True})
    return kube


def test_a_secret_travels_from_vault_to_the_namespace(vault: Bench) -> None:
    with_reader(vault, READ_ALL)
    store(vault)
    wanted(vault, template={"type": "Opaque", "data": {"url": "db://{{ .value }}@host"}})
    made = vault.cluster.look("Secret", "shop", "creds")
    assert made is not None, "the target Secret is made"
    assert secret_data(made) == {"url": "db://hunter2@host"}, "the template is filled with the value"


def test_a_store_without_a_role_is_not_ready(vault: Bench) -> None:
    with refuses("unable to create client.*no handler for route", InitFailedError):
        store(vault)


def test_a_store_whose_token_may_not_look_itself_up_is_not_ready(vault: Bench) -> None:
    with_reader(vault, READ_ALL, tokenNoDefaultPolicy=True)
    with refuses("unable to validate store", InitFailedError):
        store(vault)


def test_a_store_must_trust_vaults_certificate(vault: Bench) -> None:
    with_reader(vault, READ_ALL)
    with refuses("certificate signed by unknown authority", InitFailedError):
        store(vault, vault={"caBundle": ""})


def test_a_login_with_another_audience_is_refused(vault: Bench) -> None:
    with_reader(vault, READ_ALL)
    account = {"name": "external-secrets", "namespace": "external-secrets"}
    with refuses("invalid audience", InitFailedError):
        store(vault, vault={"auth": {"kubernetes": {"role": "reader", "serviceAccountRef": account}}})


@pytest.mark.failure("root-token-for-daily-use")
def test_a_store_with_the_root_token_is_refused(vault: Bench) -> None:
    with refuses("must not hold the root token", InitFailedError):
        store(vault, vault={"auth": {"tokenSecretRef": {"name": "root"}}})


def test_a_path_the_policy_does_not_allow_is_denied(vault: Bench) -> None:
    with_reader(vault, 'path "kv/data/other" { capabilities = ["read"] }')
    store(vault)
    with refuses("permission denied", InitFailedError):
        wanted(vault)
    assert not vault.cluster.exists("Secret", "shop", "creds"), "nothing is made of what may not be read"


@pytest.mark.parametrize(
    ("key", "field", "reason"),
    [("missing", "password", "Secret does not exist"), ("app", "user", 'cannot find secret data for key: "user"')],
)
def test_a_path_or_field_that_is_not_there_is_told(vault: Bench, key: str, field: str, reason: str) -> None:
    with_reader(vault, READ_ALL)
    store(vault)
    with refuses(reason, InitFailedError):
        wanted(vault, key, field)


def test_a_namespace_the_store_does_not_serve_is_denied(vault: Bench) -> None:
    with_reader(vault, READ_ALL)
    store(vault, conditions=[{"namespaces": ["elsewhere"]}])
    with refuses('is not allowed from namespace "shop"', InitFailedError):
        wanted(vault)


def test_a_template_with_an_unknown_variable_fails(vault: Bench) -> None:
    with_reader(vault, READ_ALL)
    store(vault)
    with refuses("map has no entry for key 'valu'", InitFailedError):
        wanted(vault, template={"data": {"url": "{{ .valu }}"}})


def test_a_secret_deleted_by_hand_comes_back(vault: Bench) -> None:
    with_reader(vault, READ_ALL)
    store(vault)
    wanted(vault)
    vault.cluster.remove("Secret", "shop", "creds")
    vault.site.settle()
    assert vault.cluster.exists("Secret", "shop", "creds"), "the operator reconciles"


def test_an_operators_webhook_must_answer_before_its_resources_are_taken(kube: Bench) -> None:
    kube.namespace("external-secrets")
    values = {"installCRDs": True, "image": {"pullSecret": {"existingSecret": "none"}}}
    kube.release("external-secrets", "external-secrets", values, skipAwait=True)
    with refuses("failed calling webhook"):
        kube.object("external-secrets.io/v1", "ExternalSecret", "creds", "shop", spec={})


def test_a_certificate_of_a_ready_issuer_becomes_a_secret(kube: Bench) -> None:
    with_certificates(kube)
    spec = {"secretName": "web-tls", "dnsNames": ["a.example"], "issuerRef": {"kind": "ClusterIssuer", "name": "root"}}
    kube.object("cert-manager.io/v1", "Certificate", "web", "shop", spec=spec, metadata=READY)
    secret = kube.cluster.look("Secret", "shop", "web-tls")
    assert secret is not None, "cert-manager writes it"
    assert set(secret["data"]) == {"tls.crt", "tls.key", "ca.crt"}, "the keys of a TLS Secret"


def test_a_certificate_has_the_common_name_that_is_asked_for_and_no_other() -> None:
    pair = pki.authority("seed", "root")
    authority = {"tls.crt": pair.certificate, "tls.key": pair.key}
    for common, named in (({}, []), ({"commonName": "a"}, ["a"])):
        issued = signing.issue("seed", {"dnsNames": ["a.example"], **common}, authority)
        assert issued["tls.key"].startswith("-----BEGIN EC PRIVATE KEY"), "not as PKCS #8, unless that is asked for"
        leaf = x509.load_pem_x509_certificates(issued["tls.crt"].encode())[0]
        assert [one.value for one in leaf.subject] == named, "the first of the DNS names is none"
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert names.critical is not bool(named), "which counts alone where there is no subject (RFC 5280, 4.2.1.6)"


def test_a_certificate_without_its_issuer_is_not_issued(kube: Bench) -> None:
    with_certificates(kube)
    spec = {"secretName": "web-tls", "dnsNames": ["a.example"], "issuerRef": {"kind": "ClusterIssuer", "name": "none"}}
    with refuses('clusterissuer.cert-manager.io "none" not found', InitFailedError):
        kube.object("cert-manager.io/v1", "Certificate", "web", "shop", spec=spec, metadata=READY)


def test_a_ca_issuer_needs_its_key_pair(kube: Bench) -> None:
    with_certificates(kube)
    with refuses('Error getting keypair for CA issuer: secret "ca" not found', InitFailedError):
        kube.object("cert-manager.io/v1", "ClusterIssuer", "ca", spec={"ca": {"secretName": "ca"}}, metadata=READY)
