"""The gateway of the backups: S3 for what encrypts nothing by itself, and for whatever goes to an NFS server."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.backup import gateway_pod as pod
from components.backup.target import GATEWAY, GATEWAY_HOST, GATEWAY_PORT, SEALED_PORT
from components.certificate import Certificate, CertificateArgs
from components.namespace import Namespace
from lib.kubernetes import RELOADER_AUTO
from lib.names import SystemNamespace
from lib.network import Ingress, Policy
from lib.pod_scripts import SCRIPTS
from settings.backup import NfsTarget, S3Target

_SIZE = {"storage": "1Gi"}


@dataclass(frozen=True, kw_only=True)
class BackupGatewayArgs:
    """What it serves, and to whom.

    Attributes:
        cluster: Name of the cluster.
        access: Secret with the key pair, of the target and of its clients.
        password: Secret with the password that databases are encrypted with, and its key.
        clients: Namespaces that encrypt by themselves; they come in where the target is an NFS server.
        issuer_ready: The ready ClusterIssuer.
    """

    cluster: str
    target: S3Target | NfsTarget
    namespace: Namespace
    access: pulumi.Input[str]
    password: tuple[pulumi.Input[str], str]
    clients: Sequence[str]
    issuer_ready: pulumi.Resource


class BackupGateway(pulumi.ComponentResource):
    """Creates:

    - `<name>-ingress`: NetworkPolicy: who may connect.
    - `<name>-tls`: Certificate of its Service.
    - `<name>-script`: ConfigMap with the script that starts it.
    - `<name>-volume`, `<name>-claim`: PersistentVolume of the directory of an NFS server, and the claim on it.
    - `<name>`, `<name>-service`: Deployment and Service.

    Attributes:
        ready: The Service, which has pods behind it.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: BackupGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:backup/gateway:BackupGateway", name, None, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        nfs = isinstance(args.target, NfsTarget)
        k8s.networking.v1.NetworkPolicy(
            f"{name}-ingress",
            metadata=self._metadata(),
            spec=_policy(args.clients if nfs else ()),
            opts=child,
        )
        restarted: Any = {**self._metadata(), "annotations": dict(RELOADER_AUTO)}
        served = k8s.apps.v1.Deployment(
            name,
            metadata=restarted,
            spec=pod.deployment(self._pod()),
            opts=child,
        )
        self.ready = k8s.core.v1.Service(
            f"{name}-service",
            metadata=self._metadata(),
            spec=pod.service((SEALED_PORT, GATEWAY_PORT) if nfs else (SEALED_PORT,)),
            # Pulumi waits for endpoints, which the Deployment makes.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[served]),
        )
        self.register_outputs({})

    def _metadata(self) -> Any:
        return {"name": GATEWAY, "namespace": self._args.namespace.namespace, "labels": dict(pod.LABELS)}

    def _pod(self) -> pod.PodArgs:
        args, child = self._args, pulumi.ResourceOptions(parent=self)
        script = k8s.core.v1.ConfigMap(
            f"{self._name}-script",
            metadata=self._metadata(),
            data={pod.SCRIPT: (SCRIPTS / pod.SCRIPT).read_text(encoding="utf-8")},
            opts=child,
        )
        certificate = Certificate(
            f"{self._name}-tls",
            CertificateArgs(
                namespace=args.namespace.namespace,
                secret_name=f"{GATEWAY}-tls",
                hosts=[GATEWAY_HOST],
                issuer_ready=args.issuer_ready,
            ),
            child,
        )
        return pod.PodArgs(
            cluster=args.cluster,
            target=args.target,
            script=script.metadata.name,
            access=args.access,
            password=args.password,
            certificate=certificate.secret_name,
            claim=self._claim(args.target) if isinstance(args.target, NfsTarget) else None,
        )

    def _claim(self, nfs: NfsTarget) -> pulumi.Output[str]:
        """The restricted standard takes NFS by a claim alone. The size of either is said and never looked at."""
        child = pulumi.ResourceOptions(parent=self)
        shared: Any = {"accessModes": ["ReadWriteMany"]}
        metadata: Any = {"name": GATEWAY, "labels": dict(pod.LABELS)}
        volume_spec: Any = {
            **shared,
            "capacity": _SIZE,
            "persistentVolumeReclaimPolicy": "Retain",
            "nfs": {"server": nfs.server, "path": nfs.path},
            "claimRef": {"name": GATEWAY, "namespace": self._args.namespace.namespace},
        }
        volume = k8s.core.v1.PersistentVolume(f"{self._name}-volume", metadata=metadata, spec=volume_spec, opts=child)
        claim_spec: Any = {
            **shared,
            "storageClassName": "",  # or the default class would make a volume
            "resources": {"requests": _SIZE},
            "volumeName": volume.metadata.name,
        }
        claim = k8s.core.v1.PersistentVolumeClaim(
            f"{self._name}-claim", metadata=self._metadata(), spec=claim_spec, opts=child
        )
        return claim.metadata.name


def _policy(clients: Sequence[str]) -> Any:
    ingress = [Ingress(ports=(SEALED_PORT,), namespaces=(SystemNamespace.DATABASES,))]
    ingress += [Ingress(ports=(GATEWAY_PORT,), namespaces=clients)] if clients else []
    return Policy(pods=pod.LABELS, ingress=ingress).spec()
