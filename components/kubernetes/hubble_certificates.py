"""Certificates of Hubble, which must exist before any pod runs that could make them."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
import pulumi_tls as tls

from components.certificate_authority import CertificateAuthority, key_pem, private_key
from lib.names import Namespace

# Names that the chart's own methods put into the certificates; the relay verifies the first.
_SERVER_NAME = "*.default.hubble-grpc.cilium.io"
_RELAY_NAME = "*.hubble-relay.cilium.io"


@dataclass(frozen=True, kw_only=True)
class HubbleCertificatesArgs:
    """Who signs."""

    authority: CertificateAuthority


class HubbleCertificates(pulumi.ComponentResource):
    """Creates for the server on every node (`<name>-server`) and for the relay (`<name>-relay`): `…-key`, `…-request`,
    `…-certificate` and the Secret `…` in kube-system.

    Two years long; the first `pulumi up` in the second year renews them, and the pods read them anew by themselves.

    Attributes:
        server_secret: Name of the Secret of the server.
        relay_secret: Name of the Secret of the relay.
    """

    server_secret: pulumi.Output[str]
    relay_secret: pulumi.Output[str]

    def __init__(self, name: str, args: HubbleCertificatesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/hubble_certificates:HubbleCertificates", name, None, opts)
        self._authority = args.authority
        self.server_secret = self._certify(f"{name}-server", "hubble-server", _SERVER_NAME, ["server_auth"])
        self.relay_secret = self._certify(f"{name}-relay", "hubble-relay-client", _RELAY_NAME, ["client_auth"])
        self.register_outputs({"server_secret": self.server_secret, "relay_secret": self.relay_secret})

    def _certify(self, name: str, secret: str, host: str, uses: list[str]) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        key = private_key(f"{name}-key", child)
        request = tls.CertRequest(
            f"{name}-request",
            private_key_pem=key_pem(key),
            subject=tls.CertRequestSubjectArgs(common_name=host),
            dns_names=[host],
            opts=child,
        )
        certificate = self._authority.sign(f"{name}-certificate", request, uses, child)
        created = k8s.core.v1.Secret(
            name,
            metadata={"name": secret, "namespace": Namespace.KUBE_SYSTEM},
            type="kubernetes.io/tls",
            string_data={
                "tls.crt": pulumi.Output.concat(certificate.cert_pem, self._authority.issuing_chain_pem),
                "tls.key": key_pem(key),
                "ca.crt": self._authority.certificate_pem,
            },
            opts=child,
        )
        return created.metadata.name
