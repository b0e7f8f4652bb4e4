"""Vault: installed, initialised and unsealed without a person (reference: bank-vaults in two parts)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.barrier import passed
from components.certificate import Certificate, CertificateArgs
from components.custom_resource import value_after
from components.helm import ReleaseArgs, release
from components.kubernetes.conditions import Conditions, ConditionsArgs, balanced
from components.namespace import Namespace
from components.script_job import ScriptJob, ScriptJobArgs
from components.vault.initialisation import Initialisation, InitialisationArgs
from components.vault.server_config import API_PORT, RELEASE, certificate_hosts, replica_addresses
from components.vault.values import VaultValues, values
from lib.charts import Chart
from lib.kubernetes import digest, release_labels
from lib.pod_scripts import script
from scripts import caretaker

GATE_SECONDS = 600
_STEADY_SECONDS = 15
"""Nobody awaits the release, and after an upgrade the old pod serves on for the five seconds of the chart's preStop."""
SERVICE = f"{RELEASE}-api"
SERVER_LABELS = {**release_labels("vault", RELEASE), "component": "server"}
"""Labels that the chart puts on the pods of the server."""


@dataclass(frozen=True, kw_only=True)
class VaultServerArgs:
    """Where and how Vault runs.

    Attributes:
        replicas: 1, or the number of servers of a raft cluster.
        load_balancer_ip: Fixed address of the API on the LAN; part of the certificate.
        annotations: Of its Service: how it asks for that address.
        given: Whether load balancers of an existing cluster give the address, which is then looked at.
        address: Where this program reaches the API; None for the fixed address.
        ca_config_map: ConfigMap with the CA that signs the certificate.
        issuer_ready: The ClusterIssuer.
        stored_keys: Keys that the Secret `vault-keys` must hold.
    """

    chart: Chart
    namespace: Namespace
    load_balancer_ip: str
    annotations: Mapping[str, str]
    address: str | None
    ca_config_map: pulumi.Input[str]
    issuer_ready: pulumi.Resource
    storage_class: pulumi.Input[str]
    replicas: int
    data_size: str
    audit_size: str
    given: bool = False
    stored_keys: Sequence[str]


class VaultServer(pulumi.ComponentResource):
    """Creates:

    - `<name>-tls`: Certificate for the Services, every server, the loopback and the fixed address.
    - `<name>-init`: Initialisation (the Secret for the keys, least privileges on it, the one-time Job).
    - `<name>-release`: Release of the chart. It is no gate: a pod that waits for its first keys is not Ready.
    - `<name>-gate`: ScriptJob that sees both keys and an unsealed Vault; `<name>-open` stands for it.
    - `<name>-api`: Service of type LoadBalancer on the fixed address; has endpoints only while Vault is unsealed.

    Attributes:
        address: URL of the API for this program, once it can be reached.
        digest: Fingerprint of the release, for gates that ask Vault.
        gate: What everything that calls Vault depends on.
        service: The Service of the API.
    """

    address: pulumi.Output[str]
    digest: pulumi.Output[str]
    gate: pulumi.CustomResource
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
                release=RELEASE,
                namespace=args.namespace.namespace,
                values=self._values(name, args, certificate),
                await_workloads=False,
            ),
            # The sidecar reads the Secret that no value names.
            pulumi.ResourceOptions(parent=self, depends_on=[initialisation.reader]),
        )
        self.digest = server.digest
        started = initialisation.run(server)
        self.gate = passed(f"{name}-open", self._gate(name, args, initialisation.keys_secret, started))
        self.service = k8s.core.v1.Service(
            f"{name}-api",
            metadata=_service_metadata(args),
            spec=_service(args.replicas),
            # A Service without endpoints is never ready, and there are none before Vault is unsealed.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.gate]),
        )
        self.address = value_after(
            self._served(name, args), args.address or f"https://{args.load_balancer_ip}:{API_PORT}"
        )
        self.register_outputs({"address": self.address})

    def _served(self, name: str, args: VaultServerArgs) -> pulumi.Resource:
        """What stands for the address: the Service, or a look at what its load balancer gave it."""
        if not args.given or args.address is not None:
            return self.service
        service = balanced(args.namespace.literal, SERVICE, IPv4Address(args.load_balancer_ip))
        return Conditions(
            f"{name}-address",
            ConditionsArgs(
                objects=[service],
                after=[self.service],
                proves=[],
                runbook="network.md#a-load-balancer-has-no-address",
            ),
            pulumi.ResourceOptions(parent=self),
        ).gate

    def _gate(
        self, name: str, args: VaultServerArgs, keys_secret: pulumi.Input[str], started: pulumi.Resource
    ) -> k8s.batch.v1.Job:
        keys: Any = {"name": "keys", "secret": {"secretName": keys_secret}}
        gate = ScriptJob(
            f"{name}-gate",
            ScriptJobArgs(
                namespace=args.namespace.namespace,
                source=script("vault_unsealed"),
                runbook="vault-recovery.md#vault-does-not-come-up",
                environment={
                    # Through the run of the init Job: the gate looks at its result.
                    "VAULT_ADDRS": value_after(started, ",".join(replica_addresses(args.replicas))),
                    "KEYS_DIRECTORY": "/keys",
                    "KEYS": ",".join(args.stored_keys),
                    "STEADY_SECONDS": str(_STEADY_SECONDS),
                },
                ca_config_map=args.ca_config_map,
                volumes=[(keys, {"name": "keys", "mountPath": "/keys", "readOnly": True})],
                proves=[self.digest],
                seconds=GATE_SECONDS,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return gate.job

    def _values(self, name: str, args: VaultServerArgs, certificate: Certificate) -> dict[str, Any]:
        script_text = Path(caretaker.__file__).read_text(encoding="utf-8")
        config = k8s.core.v1.ConfigMap(
            f"{name}-caretaker",
            metadata={"name": "vault-caretaker", "namespace": args.namespace.namespace},
            data={"caretaker.py": script_text},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return values(
            VaultValues(
                namespace=args.namespace.literal,
                replicas=args.replicas,
                tls_secret=certificate.secret_name,
                storage_class=args.storage_class,
                data_size=args.data_size,
                audit_size=args.audit_size,
                caretaker_script=config.metadata.name,
                caretaker_digest=digest(script_text),
            )
        )


def _service_metadata(args: VaultServerArgs) -> Any:
    return {
        "name": SERVICE,
        "namespace": args.namespace.namespace,
        "annotations": {
            **args.annotations,
            # Traefik speaks TLS to Vault and trusts the platform's CA for it.
            "traefik.ingress.kubernetes.io/service.serversscheme": "https",
            "traefik.ingress.kubernetes.io/service.serverstransport": (f"{args.namespace.literal}-vault@kubernetescrd"),
        },
    }


def _service(replicas: int) -> Any:
    active = {"vault-active": "true"} if replicas > 1 else {}
    return {
        "type": "LoadBalancer",
        "selector": {**SERVER_LABELS, **active},
        "ports": [{"name": "https", "port": API_PORT, "targetPort": API_PORT}],
    }


def _certificate(args: VaultServerArgs) -> CertificateArgs:
    return CertificateArgs(
        namespace=args.namespace.namespace,
        secret_name="vault-tls",
        hosts=certificate_hosts(args.namespace.literal),
        ip_addresses=("127.0.0.1", args.load_balancer_ip),
        issuer_ready=args.issuer_ready,
    )
