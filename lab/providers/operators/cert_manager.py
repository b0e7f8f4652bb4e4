"""cert-manager: issuers, and certificates as Secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.providers import acme
from lab.providers.certificates import names_of
from lab.providers.kubernetes.cluster import Cluster, encoded, secret_data
from lab.providers.kubernetes.endpoints import is_true
from lab.providers.kubernetes.pods import data_of, lacking
from lab.providers.operators import signing, vault_issuers
from lab.providers.operators.conditions import report, runs
from lab.providers.talos import pki
from lab.providers.vault.pki import sign_problem, signer
from lab.site import Site

# Where a ClusterIssuer's Secrets lie: the chart's default `clusterResourceNamespace` is its own namespace.
_GROUP: Final = "cert-manager.io"


def run(site: Site) -> None:
    """Reconcile issuers and certificates."""
    cluster = Cluster(site)
    if not runs(cluster, "cert-manager"):
        return
    home = next(
        item["namespace"] for item in site.world.view("kubernetes/releases").values() if item["chart"] == "cert-manager"
    )
    for issuer in cluster.each(f"{_GROUP}/ClusterIssuer"):
        report(cluster, issuer, _issuer_problem(cluster, issuer, home))
    for issuer in cluster.each(f"{_GROUP}/Issuer"):
        report(cluster, issuer, _issuer_problem(cluster, issuer, issuer["metadata"]["namespace"]))
    for certificate in cluster.each(f"{_GROUP}/Certificate"):
        if _holds(cluster, certificate):
            report(cluster, certificate, "")
            continue
        problem = _certificate_problem(cluster, certificate, home)
        if report(cluster, certificate, problem):
            _issue(cluster, certificate, home)


def _issuer_problem(cluster: Cluster, issuer: Mapping[str, Any], namespace: str) -> str:
    spec = issuer["spec"]
    kinds = [kind for kind in ("selfSigned", "ca", "acme", "vault", "venafi") if kind in spec]
    if len(kinds) != 1:
        return "exactly one issuer type must be specified"
    if kinds == ["ca"]:
        problems = list(lacking(cluster, "Secret", namespace, spec["ca"]["secretName"], "tls.crt", "tls.key"))
        return f"Error getting keypair for CA issuer: {problems[0]}" if problems else ""
    if kinds == ["acme"]:
        return acme.issuer_problem(cluster, issuer, namespace)
    return vault_issuers.problem(cluster, issuer, namespace) if kinds == ["vault"] else ""


def _certificate_problem(cluster: Cluster, certificate: Mapping[str, Any], home: str) -> str:
    spec, namespace = certificate["spec"], certificate["metadata"]["namespace"]
    if not any(spec.get(field) for field in ("commonName", "dnsNames", "ipAddresses", "uris", "emailAddresses")):
        return "at least one of commonName, dnsNames, uris, ipAddresses, or emailAddresses must be set"
    reference = spec["issuerRef"]
    kind = reference.get("kind", "Issuer")
    issuer = cluster.look(f"{_GROUP}/{kind}", "" if kind == "ClusterIssuer" else namespace, reference["name"])
    if issuer is None:
        return f'Referenced "{kind}" not found: {kind.lower()}.cert-manager.io "{reference["name"]}" not found'
    if not is_true(issuer, "Ready"):
        return f'Referenced issuer "{reference["name"]}" does not have a Ready status condition'
    if "vault" in issuer["spec"]:
        return sign_problem(
            cluster.world, issuer["spec"]["vault"]["path"], spec.get("dnsNames") or [], spec.get("ipAddresses") or []
        )
    if "acme" in issuer["spec"]:
        return acme.order_problem(cluster, issuer, spec["dnsNames"], home if kind == "ClusterIssuer" else namespace)
    return ""


def _issuer_annotations(certificate: Mapping[str, Any]) -> dict[str, str]:
    reference = certificate["spec"]["issuerRef"]
    told = {"issuer-name": reference["name"], "issuer-kind": reference.get("kind", "Issuer"), "issuer-group": _GROUP}
    return {f"{_GROUP}/{key}": value for key, value in told.items()}


def _holds(cluster: Cluster, certificate: Mapping[str, Any]) -> bool:
    """Whether the Secret is one of this issuer for these names, whoever made it: then nothing is asked for
    (internal/controller/certificates/policies, the chain of triggers).
    """
    spec = certificate["spec"]
    secret = cluster.look("Secret", certificate["metadata"]["namespace"], spec["secretName"])
    if (
        secret is None
        or not _issuer_annotations(certificate).items() <= (secret["metadata"].get("annotations") or {}).items()
    ):
        return False
    pem = secret_data(secret).get("tls.crt", "")
    return sorted(names_of(pem)) == sorted(spec.get("dnsNames") or ())


def _issue(cluster: Cluster, certificate: Mapping[str, Any], home: str) -> None:
    """Write the Secret of a certificate."""
    spec, metadata = certificate["spec"], certificate["metadata"]
    namespace, name = metadata["namespace"], spec["secretName"]
    seed = f"{namespace}/{name} {cluster.world.secret_seed().hex()}"
    template = spec.get("secretTemplate") or {}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(template.get("labels") or {}),
            "annotations": {**(template.get("annotations") or {}), **_issuer_annotations(certificate)},
        },
        "data": encoded(_signed(cluster, certificate, home, seed)),
    }
    # Like cert-manager's default, the Secret outlives the Certificate: no owner.
    cluster.apply_plain(secret)


def _signed(cluster: Cluster, certificate: Mapping[str, Any], home: str, seed: str) -> dict[str, str]:
    """What the CA of the issuer signs; what an issuer of another kind would sign is signed by itself."""
    spec, namespace = certificate["spec"], certificate["metadata"]["namespace"]
    kind = spec["issuerRef"].get("kind", "Issuer")
    place = ("", home) if kind == "ClusterIssuer" else (namespace, namespace)
    issuer = cluster.look(f"{_GROUP}/{kind}", place[0], spec["issuerRef"]["name"])
    told: Mapping[str, Any] = issuer["spec"] if issuer is not None else {}
    authority = signer(cluster.world, told["vault"]["path"]) if "vault" in told else None
    if "ca" in told:
        authority = data_of(cluster, "Secret", place[1], told["ca"]["secretName"])
    if "acme" in told:
        server = told["acme"]["server"]
        acme.count(cluster.world, server, spec["dnsNames"])
        pair = acme.authority(server)
        # cert-manager does not know the root that it leads to.
        return {**signing.issue(seed, spec, {"tls.crt": pair.certificate, "tls.key": pair.key}), "ca.crt": ""}
    if authority:
        return signing.issue(seed, spec, authority)
    common = spec.get("commonName") or (spec.get("dnsNames") or ["certificate"])[0]
    pair = pki.authority(seed, str(common)[:64])
    return {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": pair.certificate}
