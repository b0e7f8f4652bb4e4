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
        secret_annotations: Annotations of the Secret.
        issuer_ready: The ready ClusterIssuer.
        issuer: Its name.
        duration: How long it lasts; None for as long as the issuer says, renewed after two thirds of that.
        after: What must have happened before it is asked for.
        seconds: How long to wait until it is issued.
    """

    namespace: pulumi.Input[str]
    secret_name: str
    hosts: Sequence[str]
    issuer_ready: pulumi.Resource
    ip_addresses: Sequence[str] = field(default_factory=tuple)
    secret_labels: Mapping[str, str] = field(default_factory=dict)
    secret_annotations: Mapping[str, str] = field(default_factory=dict)
    issuer: str = CLUSTER_ISSUER
    duration: str | None = DURATION
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)
    seconds: int = 300


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
                seconds=args.seconds,
            ),
            # The issuer is named, not passed: it must be able to sign.
            pulumi.ResourceOptions(parent=self, depends_on=[args.issuer_ready, *args.after]),
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
        "revisionHistoryLimit": 3,
    }
    if args.duration is not None:
        spec |= {"duration": args.duration, "renewBefore": RENEW_BEFORE}
    if args.ip_addresses:
        spec["ipAddresses"] = list(args.ip_addresses)
    template = {"labels": dict(args.secret_labels), "annotations": dict(args.secret_annotations)}
    if any(template.values()):
        spec["secretTemplate"] = {key: value for key, value in template.items() if value}
    return spec


def host_certificate(
    name: str, args: CertificateArgs, public: Mapping[str, pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> pulumi.Input[str]:
    """Name of the Secret with the certificate of hosts that people reach: one that Let's Encrypt signs, which is among
    `public` by the host, else a Certificate `<name>` of its own.
    """
    found = public.get(args.hosts[0])
    return found if found is not None else Certificate(name, args, opts).secret_name
