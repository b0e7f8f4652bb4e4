"""Let's Encrypt in the lab: accounts, orders and their limit, and what is put back of an earlier cluster."""

from __future__ import annotations

import json

import pytest
from cryptography import x509

from components.acme.issuer import with_token
from lab.providers import certificates
from lab.providers.errors import InitFailedError
from lab.providers.kubernetes.cluster import secret_data
from lib.acme import DIRECTORIES, PRODUCTION, STAGING, roots
from tests.lab.bench import Bench, refuses
from tests.lab.platforms import with_certificates

NAMES = ["*.home.example.org", "home.example.org"]
AWAITED = {"pulumi.com/waitFor": "condition=Ready"}
KIND = "cert-manager.io/v1"


@pytest.fixture
def acme(kube: Bench) -> Bench:
    """cert-manager with both issuers."""
    with_certificates(kube)
    kube.namespace("web")
    kube.object("v1", "Secret", "dns", "cert-manager", stringData={"token": "t"})
    for issuer, directory in DIRECTORIES.items():
        account = {"name": f"{issuer}-account"}
        solvers = [with_token("cloudflare", "dns")]
        spec = {"server": directory, "email": "a@example.org", "privateKeySecretRef": account, "solvers": solvers}
        kube.object(KIND, "ClusterIssuer", issuer, spec={"acme": spec})
    return kube


def order(kube: Bench, name: str, issuer: str = PRODUCTION) -> None:
    spec = {"secretName": name, "dnsNames": NAMES, "issuerRef": {"kind": "ClusterIssuer", "name": issuer}}
    kube.object(KIND, "Certificate", name, "web", spec=spec, metadata={"annotations": AWAITED})


def test_an_issuer_makes_the_key_of_its_account_and_keeps_it(acme: Bench) -> None:
    key = secret_data(acme.cluster.look("Secret", "cert-manager", f"{PRODUCTION}-account") or {})["tls.key"]
    order(acme, "tls")
    assert secret_data(acme.cluster.look("Secret", "cert-manager", f"{PRODUCTION}-account") or {})["tls.key"] == key


@pytest.mark.parametrize("issuer", [STAGING, PRODUCTION])
def test_who_trusts_the_roots_of_an_issuer_trusts_what_it_signs_and_nobody_else(acme: Bench, issuer: str) -> None:
    order(acme, "tls", issuer)
    other = PRODUCTION if issuer == STAGING else STAGING
    assert certificates.trusts(acme.cluster, roots(issuer), "git.home.example.org"), "a wildcard stands for the host"
    assert not certificates.trusts(acme.cluster, roots(other), "git.home.example.org")
    assert not certificates.trusts(acme.cluster, roots(issuer), "a.b.home.example.org"), "for one label alone"


@pytest.mark.failure("production-limit")
def test_a_rebuild_loop_hits_the_limit_and_what_is_put_back_orders_nothing(acme: Bench) -> None:
    for time in range(5):
        order(acme, f"tls-{time}")
    with refuses("rateLimited: too many certificates", InitFailedError):
        order(acme, "tls-5")
    kept = acme.cluster.look("Secret", "web", "tls-4") or {}
    metadata = {"name": "tls-6", "annotations": kept["metadata"]["annotations"]}
    acme.object("v1", "Secret", "tls-6", "web", type=kept["type"], metadata=metadata, stringData=secret_data(kept))
    order(acme, "tls-6")
    assert secret_data(acme.cluster.look("Secret", "web", "tls-6") or {}) == secret_data(kept), "it is taken as it is"


def test_another_issuer_signs_anew(acme: Bench) -> None:
    order(acme, "tls", STAGING)
    before = secret_data(acme.cluster.look("Secret", "web", "tls") or {})["tls.crt"]
    spec = {"secretName": "tls", "dnsNames": NAMES, "issuerRef": {"kind": "ClusterIssuer", "name": PRODUCTION}}
    acme.object(KIND, "Certificate", "again", "web", spec=spec)
    after = secret_data(acme.cluster.look("Secret", "web", "tls") or {})["tls.crt"]
    (first,), (second,) = (x509.load_pem_x509_certificates(one.encode()) for one in (before, after))
    assert first.signature != second.signature, "the Secret names the issuer that it is of"


def test_without_the_token_nothing_is_proven(acme: Bench) -> None:
    acme.cluster.remove("Secret", "cert-manager", "dns")
    with refuses("error presenting challenge: .*dns", InitFailedError):
        order(acme, "tls")


def test_a_job_of_the_program_puts_back_what_is_lacking(acme: Bench) -> None:
    kept = [{"kind": "Secret", "type": "Opaque", "metadata": {"name": "kept"}, "stringData": {"tls.key": "k"}}]
    acme.object("v1", "Secret", "kept-certificates", "web", stringData={"secrets.json": json.dumps(kept)})
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "keeper"}
    subject = {"kind": "ServiceAccount", "name": "keeper", "namespace": "web"}
    acme.object("v1", "ServiceAccount", "keeper", "web")
    acme.object("rbac.authorization.k8s.io/v1", "Role", "keeper", "web", rules=[rule])
    acme.object("rbac.authorization.k8s.io/v1", "RoleBinding", "keeper", "web", roleRef=reference, subjects=[subject])
    acme.probe(
        "kept_certificates",
        "put-back",
        "web",
        [
            {"name": "KEPT_FILE", "value": "/kept/secrets.json"},
            {"name": "NAMESPACE", "value": "web"},
            {"name": "SECONDS", "value": "9"},
        ],
        volumes=[{"name": "kept", "secret": {"secretName": "kept-certificates"}}],
        mounts=[{"name": "kept", "mountPath": "/kept"}],
        serviceAccountName="keeper",
    )
    assert secret_data(acme.cluster.look("Secret", "web", "kept") or {}) == {"tls.key": "k"}
