"""Vault: installed, initialised and unsealed without a person (reference: bank-vaults in two parts)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.certificate import Certificate, CertificateArgs
from components.custom_resource import once
from components.helm import ReleaseArgs, release
from components.namespace import Namespace
from components.probe import Probe, ProbeArgs, script
from components.vault.initialisation import Initialisation, InitialisationArgs
from lib.charts import Chart
from lib.values.vault import VaultValues, values

GATE_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class VaultServerArgs:
    """Where and how Vault runs.

    Attributes:
        load_balancer_ip: Fixed address of the API on the LAN; part of the certificate.
        address: Where this program reaches the API; None for the fixed address.
        ca_config_map: ConfigMap with the CA that signs the certificate.
        issuer_ready: The ClusterIssuer.
        stored_keys: Keys that the Secret `vault-keys` must hold.
    """

    chart: Chart
    namespace: Namespace
    load_balancer_ip: str
    address: str | None
    ca_config_map: pulumi.Input[str]
    issuer_ready: pulumi.Resource
    storage_class: pulumi.Input[str]
    data_size: str
    stored_keys: Sequence[str]


class VaultServer(pulumi.ComponentResource):
    """Creates:

    - `<name>-tls`: Certificate for the Services, the loopback and the fixed address.
    - `<name>-init`: Initialisation (the Secret for the keys, least privileges on it, the one-time Job).
    - `<name>-release`: Release of the chart. It is no gate: a pod that waits for its first keys is not Ready.
    - `<name>-gate`: Probe that sees both keys and an unsealed Vault.
    - `<name>-api`: Service of type LoadBalancer on the fixed address; has endpoints only while Vault is unsealed.

    Attributes:
        address: URL of the API for this program, once it can be reached.
        gate: What everything that calls Vault depends on.
        service: The Service of the API.
    """

    address: pulumi.Output[str]
    gate: k8s.batch.v1.Job
    service: k8s.core.v1.Service

    def __init__(self, name: str, args: VaultServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/server:VaultServer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate = Certificate(f"{name}-tls", _certificate(args), child)
        initialisation = Initialisation(
            f"{name}-init",
            InitialisationArgs(namespace=args.namespace, ca_config_map=args.ca_config_map),
            child,
        )
        server = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart,
                release="vault",
                namespace=args.namespace.namespace,
                values=values(
                    VaultValues(
                        namespace=args.namespace.literal,
                        tls_secret=certificate.secret_name,
                        storage_class=args.storage_class,
                        data_size=args.data_size,
                    )
                ),
                await_workloads=False,
            ),
            # The sidecar reads the Secret that no value names.
            pulumi.ResourceOptions(parent=self, depends_on=[initialisation.keys, initialisation.reader]),
        )
        started = initialisation.run(server)
        self.gate = _gate(name, args, initialisation.keys_secret, started, self).job
        self.service = k8s.core.v1.Service(
            f"{name}-api",
            metadata={
                "name": "vault-api",
                "namespace": args.namespace.namespace,
                "annotations": {
                    "lbipam.cilium.io/ips": args.load_balancer_ip,
                    # Traefik speaks TLS to Vault and trusts the platform's CA for it.
                    "traefik.ingress.kubernetes.io/service.serversscheme": "https",
                    "traefik.ingress.kubernetes.io/service.serverstransport": (
                        f"{args.namespace.literal}-vault@kubernetescrd"
                    ),
                },
            },
            spec=_SERVICE,
            # A Service without endpoints is never ready, and there are none before Vault is unsealed.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.gate]),
        )
        self.address = once(self.service, args.address or f"https://{args.load_balancer_ip}:8200")
        self.register_outputs({"address": self.address})


_SERVICE: Any = {
    "type": "LoadBalancer",
    "selector": {
        "app.kubernetes.io/name": "vault",
        "app.kubernetes.io/instance": "vault",
        "component": "server",
    },
    "ports": [{"name": "https", "port": 8200, "targetPort": 8200}],
}


def _certificate(args: VaultServerArgs) -> CertificateArgs:
    namespace = args.namespace.literal
    return CertificateArgs(
        namespace=args.namespace.namespace,
        secret_name="vault-tls",
        hosts=(
            "localhost",
            "vault",
            f"vault.{namespace}",
            f"vault.{namespace}.svc",
            f"vault.{namespace}.svc.cluster.local",
            "*.vault-internal",
        ),
        ip_addresses=("127.0.0.1", args.load_balancer_ip),
        issuer_ready=args.issuer_ready,
    )


def _gate(
    name: str,
    args: VaultServerArgs,
    keys_secret: pulumi.Input[str],
    started: pulumi.Resource,
    parent: pulumi.Resource,
) -> Probe:
    return Probe(
        f"{name}-gate",
        ProbeArgs(
            namespace=args.namespace.namespace,
            source=script("vault_unsealed"),
            environment={
                # Through the run of the init Job: the gate looks at its result.
                "VAULT_ADDR": once(started, f"https://vault.{args.namespace.literal}.svc:8200"),
                "KEYS_DIRECTORY": "/keys",
                "KEYS": ",".join(args.stored_keys),
                "SECONDS": str(GATE_SECONDS - 60),
            },
            ca_config_map=args.ca_config_map,
            volumes=[
                (
                    {"name": "keys", "secret": {"secretName": keys_secret}},
                    {"name": "keys", "mountPath": "/keys", "readOnly": True},
                )
            ],
            seconds=GATE_SECONDS,
        ),
        pulumi.ResourceOptions(parent=parent),
    )
