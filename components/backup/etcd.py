"""Backups of etcd: its snapshots, taken by Talos for a pod that may ask for nothing else."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.backup import sending
from components.backup.sending import BUNDLE, Sending
from components.custom_resource import CustomResourceArgs, custom_resource, value_after
from components.talos.api_access import API_PORT, ROLE
from lib.images import TALOSCTL
from lib.kubernetes import CILIUM_API, TALOS_API
from lib.names import SystemNamespace

NAME = "etcd-backup"
"""Name of the CronJob, of the ServiceAccount of Talos and of the Secret that Talos makes for it."""
SNAPSHOT = "etcd.snapshot"
"""The one file of an archive."""
_LABELS = {"app.kubernetes.io/name": NAME}
_TALOSCONFIG = "/var/run/secrets/talos.dev"
"""Where talosctl looks for it in a pod (pkg/machinery/constants, ServiceAccountMountPath)."""
_NODE = "127.0.0.1"
"""Whichever control plane the Service `talos` leads to: each has all of etcd, and its certificate names this address
(internal/app/machined/pkg/controllers/secrets/api_cert_sans.go)."""


@dataclass(frozen=True, kw_only=True)
class EtcdBackupArgs:
    """What is sent where, and when (in cron, UTC); `talos` is the release that the nodes run."""

    sending: Sending
    schedule: str
    talos: str


class EtcdBackup(pulumi.ComponentResource):
    """Creates in the namespace `backup`:

    - `<name>-access`: ServiceAccount of `talos.dev`, which gets the role `os:etcd:backup`.
    - `<name>-script`: ConfigMap with what the steps run, and the public keys that they encrypt to.
    - `<name>-egress`: NetworkPolicy: the pod reaches names and the target.
    - `<name>-talos`: CiliumNetworkPolicy: and the API of Talos on nodes, for which the standard has no words.
    - `<name>`: CronJob `etcd-backup`: talosctl takes a snapshot and reads it again, then it is encrypted, then sent.
    """

    def __init__(self, name: str, args: EtcdBackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:backup/etcd:EtcdBackup", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata: Any = {"name": NAME, "namespace": SystemNamespace.BACKUP}
        access = CustomResourceArgs(
            api_version=TALOS_API,
            kind="ServiceAccount",
            name=NAME,
            namespace=SystemNamespace.BACKUP,
            spec={"roles": [ROLE]},
            # Talos says in its status why it refuses one, and nothing of one that it takes.
            wait_for=None,
        )
        account = custom_resource(f"{name}-access", access, child)
        script = k8s.core.v1.ConfigMap(
            f"{name}-script", metadata=metadata, data=sending.files(args.sending), opts=child
        )
        k8s.networking.v1.NetworkPolicy(
            f"{name}-egress", metadata=metadata, spec=sending.egress(args.sending.target, _LABELS), opts=child
        )
        custom_resource(f"{name}-talos", _to_talos(), child)
        steps = [_snapshot(args.talos), sending.encrypt(SNAPSHOT), sending.upload(args.sending)]
        talosconfig = {"secretName": value_after(account, NAME), "defaultMode": 0o440}
        pod = sending.pod(script.metadata.name, steps, [{"name": "talos", "secret": talosconfig}])
        k8s.batch.v1.CronJob(name, metadata=metadata, spec=sending.schedule(args.schedule, _LABELS, pod), opts=child)
        self.register_outputs({})


def _snapshot(talos: str) -> dict[str, object]:
    config, file = f"{_TALOSCONFIG}/config", f"{BUNDLE}/{SNAPSHOT}"
    command = ["/talosctl", "--talosconfig", config, "--nodes", _NODE, "etcd", "snapshot", file]
    return sending.step("snapshot", f"{TALOSCTL}:{talos}", command, {"bundle": BUNDLE, "talos": _TALOSCONFIG})


def _to_talos() -> CustomResourceArgs:
    # Entities: docs of Cilium, "Layer 3 policies". A rule of one policy adds to those of every other.
    ports = [{"ports": [{"port": str(API_PORT), "protocol": "TCP"}]}]
    return CustomResourceArgs(
        api_version=CILIUM_API,
        kind="CiliumNetworkPolicy",
        name=f"{NAME}-talos",
        namespace=SystemNamespace.BACKUP,
        spec={
            "endpointSelector": {"matchLabels": _LABELS},
            "egress": [{"toEntities": ["host", "remote-node"], "toPorts": ports}],
        },
        wait_for=None,
    )
