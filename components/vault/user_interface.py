"""Vault's UI and API on its public host, through the ingress."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.certificate import CertificateArgs, host_certificate
from components.custom_resource import CustomResourceArgs, custom_resource
from lib.kubernetes import TRAEFIK_API
from lib.names import INGRESS_CLASS


@dataclass(frozen=True, kw_only=True)
class VaultUserInterfaceArgs:
    """Host and backend.

    Attributes:
        service: The Service of Vault's API, annotated for TLS to the backend.
        public: Secrets with certificates of Let's Encrypt, by host.
    """

    namespace: pulumi.Output[str]
    host: str
    service: pulumi.Input[str]
    ca_config_map: pulumi.Input[str]
    issuer_ready: pulumi.Resource
    public: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class VaultUserInterface(pulumi.ComponentResource):
    """Creates `<name>-transport` (Traefik ServersTransport that trusts the platform's CA), `<name>-tls` (Certificate,
    unless Let's Encrypt signs) and `<name>` (Ingress).

    Attributes:
        url: Where people find Vault.
    """

    url: pulumi.Output[str]

    def __init__(self, name: str, args: VaultUserInterfaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/user_interface:VaultUserInterface", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        transport = custom_resource(
            f"{name}-transport",
            CustomResourceArgs(
                api_version=TRAEFIK_API,
                kind="ServersTransport",
                name="vault",
                namespace=args.namespace,
                spec={"serverName": "vault", "rootCAs": [{"configMap": args.ca_config_map}]},
                wait_for=None,
            ),
            child,
        )
        tls_secret = host_certificate(
            f"{name}-tls",
            CertificateArgs(
                namespace=args.namespace,
                secret_name="vault-ui-tls",
                hosts=(args.host,),
                issuer_ready=args.issuer_ready,
            ),
            args.public,
            child,
        )
        k8s.networking.v1.Ingress(
            name,
            metadata={"name": "vault", "namespace": args.namespace},
            spec=_ingress(args, tls_secret),
            # The Service names the transport in an annotation.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[transport]),
        )
        self.url = pulumi.Output.from_input(f"https://{args.host}")
        self.register_outputs({"url": self.url})


def _ingress(args: VaultUserInterfaceArgs, tls_secret: pulumi.Input[str]) -> Any:
    backend = {"service": {"name": args.service, "port": {"name": "https"}}}
    return {
        "ingressClassName": INGRESS_CLASS,
        "tls": [{"hosts": [args.host], "secretName": tls_secret}],
        "rules": [
            {"host": args.host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}},
        ],
    }
