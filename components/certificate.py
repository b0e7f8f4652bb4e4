"""A TLS certificate of the platform's CA, renewed by cert-manager."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.custom_resource import CustomResourceArgs, custom_resource, value_after
from lib.kubernetes import CERT_MANAGER_API
from lib.names import CLUSTER_ISSUER

DURATION = "2160h0m0s"
"""Ninety days, renewed after sixty; in the form cert-manager's API stores it."""
RENEW_BEFORE = "720h0m0s"


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What the certificate is for.

    Attributes:
        namespace: Where the Secret lies.
        secret_name: Name of the Secret, and of the Certificate.
        hosts: DNS names; the first is no better than the others, since clients ignore the common name.
        ip_addresses: IP addresses that clients use instead of a name.
        secret_labels: Labels of the Secret, by which some of its readers notice a renewal.
        issuer_ready: The ready ClusterIssuer.
        issuer: Its name.
    """

    namespace: pulumi.Input[str]
    secret_name: str
    hosts: Sequence[str]
    issuer_ready: pulumi.Resource
    ip_addresses: Sequence[str] = field(default_factory=tuple)
    secret_labels: Mapping[str, str] = field(default_factory=dict)
    issuer: str = CLUSTER_ISSUER


class Certificate(pulumi.ComponentResource):
    """Creates `<name>`: a `cert-manager.io/v1` Certificate, awaited until it is issued.

    Its Secret, of type kubernetes.io/tls, holds `tls.crt` (leaf, then issuing CA), `tls.key` (a new one at each
    renewal) and `ca.crt` (the root).

    Attributes:
        secret_name: Name of that Secret; using it as an input makes the order.
        resource: The Certificate.
    """

    secret_name: pulumi.Output[str]
    resource: k8s.apiextensions.CustomResource

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:certificate:Certificate", name, None, opts)
        self.resource = custom_resource(
            name,
            CustomResourceArgs(
                api_version=CERT_MANAGER_API,
                kind="Certificate",
                name=args.secret_name,
                namespace=args.namespace,
                spec=_spec(args),
                seconds=300,
            ),
            # The issuer is named, not passed: it must be able to sign.
            pulumi.ResourceOptions(parent=self, depends_on=[args.issuer_ready]),
        )
        self.secret_name = value_after(self.resource, args.secret_name)
        self.register_outputs({"secret_name": self.secret_name})


def _spec(args: CertificateArgs) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "secretName": args.secret_name,
        "dnsNames": list(args.hosts),
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": args.issuer},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "usages": ["digital signature", "server auth"],
        "duration": DURATION,
        "renewBefore": RENEW_BEFORE,
        "revisionHistoryLimit": 3,
    }
    if args.ip_addresses:
        spec["ipAddresses"] = list(args.ip_addresses)
    if args.secret_labels:
        spec["secretTemplate"] = {"labels": dict(args.secret_labels)}
    return spec
