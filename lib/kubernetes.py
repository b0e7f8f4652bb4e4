"""Small pieces of Kubernetes objects that several components share."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

import pulumi

RELOADER_AUTO: Mapping[str, str] = {"reloader.stakater.com/auto": "true"}
"""Metadata of a Deployment or StatefulSet that Reloader restarts when a Secret or ConfigMap it uses changes."""

REPLACE_UNREADY: Mapping[str, str] = {"pulumi.com/replaceUnready": "true"}
"""Annotation of a Job that the provider makes anew when it has failed: it would never become ready by waiting."""

LOAD_BALANCER_ADDRESS = "lbipam.cilium.io/ips"
"""Annotation of a Service: the address that Cilium gives it."""

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
"""Label and taint of the nodes that run the control plane."""

HOSTNAME = "kubernetes.io/hostname"
"""Label of a node by which pods are spread over nodes."""

ZONE = "topology.kubernetes.io/zone"
"""Label of a node that names its Proxmox host."""

PART_OF = "app.kubernetes.io/part-of"
"""Label that names what an object belongs to."""

CLUSTER_SCOPED = frozenset(
    {
        *("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PersistentVolume", "PriorityClass"),
        *("StorageClass", "IngressClass", "RuntimeClass", "APIService", "CSIDriver", "VolumeSnapshotClass"),
        *("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
        *("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "FlowSchema", "PriorityLevelConfiguration"),
        *("ClusterIssuer", "ClusterSecretStore", "ClusterExternalSecret", "ClusterPushSecret", "ClusterGenerator"),
        *(
            "ClusterImageCatalog",
            "CiliumClusterwideNetworkPolicy",
            "CiliumLoadBalancerIPPool",
            "CiliumL2AnnouncementPolicy",
        ),
    }
)
"""Kinds without a namespace, of Kubernetes (beside Namespace and Node) and of the platform's definitions."""


CERT_MANAGER_API, CILIUM_API = "cert-manager.io/v1", "cilium.io/v2"
EXTERNAL_SECRETS_API, TRAEFIK_API = "external-secrets.io/v1", "traefik.io/v1alpha1"
MONITORING_API, TALOS_API = "monitoring.coreos.com/v1", "talos.dev/v1alpha1"
"""`apiVersion` of custom resources; the last two are of the Prometheus operator and of Talos itself."""

KEEP: Mapping[str, str] = {"helm.sh/resource-policy": "keep"}
"""Annotation of an object that outlives the release which made it (docs/runbooks/crds.md)."""


class PodSecurity(StrEnum):
    """Pod Security Standard that a namespace enforces."""

    RESTRICTED = "restricted"
    BASELINE = "baseline"
    PRIVILEGED = "privileged"


def is_of_kubernetes(api_version: str) -> bool:
    """Whether an apiVersion is one of Kubernetes itself, not of a definition."""
    group = api_version.rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def release_labels(chart: str, release: str) -> dict[str, str]:
    """Labels by which charts select the pods of a release."""
    return {"app.kubernetes.io/name": chart, "app.kubernetes.io/instance": release}


def role_reference(kind: Literal["Role", "ClusterRole"], name: Any) -> Any:
    """`roleRef` of a binding."""
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}


def account_subject(name: Any, namespace: Any) -> Any:
    """Entry of a binding's `subjects`: a ServiceAccount."""
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def restricted_pod(uid: int = 65534) -> dict[str, Any]:
    """`securityContext` of a pod that satisfies the restricted standard."""
    return {
        "runAsNonRoot": True,
        "runAsUser": uid,
        "runAsGroup": uid,
        "fsGroup": uid,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def restricted_container() -> dict[str, Any]:
    """`securityContext` of a container that satisfies the restricted standard and writes only to volumes."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def resources(cpu: str, memory: str) -> dict[str, Any]:
    """Requests of CPU and memory, and a limit of memory.

    No CPU limit: throttling an idle node's work helps nobody, while unlimited memory takes the node down.
    """
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}


def spread(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """`topologySpreadConstraints` of pods with these labels: over nodes and their hosts, where there are several."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
        }
        for key in (HOSTNAME, ZONE)
    ]


def one_at_a_time(labels: Mapping[str, str]) -> Any:
    """Spec of a PodDisruptionBudget: while nodes are drained, at most one of these pods is away.

    One that runs once may go too, and so may one that is not ready: neither must keep a node from being drained.
    """
    return {
        "maxUnavailable": 1,
        "selector": {"matchLabels": dict(labels)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }


def from_secret(variable: str, secret: pulumi.Input[str], key: str) -> dict[str, Any]:
    """Entry of a container's `env`: the variable has the value of a key of a Secret, by its name."""
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def digest(*texts: str) -> str:
    """Short stable fingerprint of texts, for annotations that make a change visible."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def quantity_bytes(quantity: str) -> int:
    """A quantity of memory or storage in bytes, such as 2147483648 for `2Gi`.

    Raises:
        ValueError: its unit is none of Ki, Mi, Gi and Ti.
    """
    shifts = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40}
    unit = quantity[-2:]
    if unit not in shifts:
        raise ValueError(f"{quantity}: has none of the units {', '.join(shifts)}; write it as 512Mi or 2Gi")
    return int(quantity[:-2]) << shifts[unit]


def mebibytes(quantity: str) -> int:
    """The same in MiB, rounded down, such as 2048 for `2Gi`."""
    return quantity_bytes(quantity) >> 20
