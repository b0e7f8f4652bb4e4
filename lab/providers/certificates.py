"""Certificates that servers of the simulated cluster show, and who trusts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from lab.providers.acme import stand_ins
from lab.providers.kubernetes.cluster import Cluster, secret_data
from lab.providers.operators.conditions import runs


def pairs(cluster: Cluster) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    """Certificate and key (PEM) of each name that a Secret of the kind has, wildcards among them. Those beside
    cert-manager are shown by nobody, as an Ingress takes a Secret of its own namespace.
    """
    for secret in cluster.each("Secret"):
        shown = secret.get("type") == "kubernetes.io/tls" and secret["metadata"]["namespace"] != "cert-manager"
        data = secret_data(secret) if shown else {}
        for name in names_of(data.get("tls.crt", "")):
            yield name, (data["tls.crt"].encode(), data["tls.key"].encode())


def names_of(pem: str) -> list[str]:
    """DNS names of a certificate; none of what is no certificate."""
    try:
        extensions = x509.load_pem_x509_certificate(pem.encode()).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return []
    return names.get_values_for_type(x509.DNSName)


def trusts(cluster: Cluster, trusted: str, host: str) -> bool:
    """Whether a client that trusts these certificates (PEM) takes what is shown for a host. A cluster without
    cert-manager shows what any client takes.
    """
    if not runs(cluster, "cert-manager"):
        return True
    roots = x509.load_pem_x509_certificates("".join((trusted, *stand_ins(trusted))).encode())
    shown = [pem for name, (pem, _) in pairs(cluster) if holds(name, host)]
    return any(_leads_to(x509.load_pem_x509_certificates(pem), roots) for pem in shown)


def holds(name: str, host: str) -> bool:
    """Whether a name in a certificate stands for a host."""
    return name in (host, f"*.{host.partition('.')[2]}")


def _leads_to(chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]) -> bool:
    last = chain[-1]
    return all(signed(one, by) for one, by in pairwise(chain)) and any(
        last == root or signed(last, root) for root in roots
    )


def signed(one: x509.Certificate, by: x509.Certificate) -> bool:
    """Whether one is signed by the other, an authority."""
    try:
        one.verify_directly_issued_by(by)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
