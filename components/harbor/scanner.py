"""Trivy, as Harbor's vulnerability scanner."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.harbor.settings import ScannerSettings
from lib.images import HARBOR_TRIVY
from lib.kubernetes import PART_OF, RELOADER_AUTO, from_secret, resources, restricted_container, restricted_pod

_NAME = "harbor-trivy"  # where core looks for the scanner when the chart is left to itself
_PORT = 8080
_LABELS = {"app.kubernetes.io/name": _NAME, PART_OF: "harbor"}
_UID = 10000  # the user `scanner` of the image
_CACHE = "/home/scanner/.cache"


@dataclass(frozen=True, kw_only=True)
class HarborScannerArgs:
    """Where it runs.

    Attributes:
        valkey_secret: Secret whose key `trivy` is the URL of Valkey with user, password and database.
        databases: Where the databases come from.
        offline: Whether it asks nobody else about what it finds in an image, such as Maven Central.
    """

    namespace: pulumi.Input[str]
    valkey_secret: pulumi.Input[str]
    storage_class: pulumi.Input[str]
    databases: ScannerSettings
    offline: bool
    cache_size: str = "5Gi"


class HarborScanner(pulumi.ComponentResource):
    """Creates `<name>` (StatefulSet with a volume for the vulnerability databases) and `<name>-service`.

    Image and variables are those of the chart (templates/trivy of goharbor/harbor-helm 1.19.2). What the chart cannot
    do is take the password of Valkey from a Secret without writing it into ConfigMaps too
    (components/harbor/values.py).
    """

    def __init__(self, name: str, args: HarborScannerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:harbor/scanner:HarborScanner", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        k8s.apps.v1.StatefulSet(
            name,
            metadata={
                "name": _NAME,
                "namespace": args.namespace,
                "labels": _LABELS,
                "annotations": dict(RELOADER_AUTO),
            },
            spec=_stateful_set(args),
            opts=child,
        )
        # Awaited until a pod backs it, so neither of the two may wait for the other.
        k8s.core.v1.Service(
            f"{name}-service",
            metadata={"name": _NAME, "namespace": args.namespace, "labels": _LABELS},
            spec=_service(),
            opts=child,
        )
        self.register_outputs({})


def _service() -> Any:
    return {"selector": _LABELS, "ports": [{"name": "http", "port": _PORT, "targetPort": "http"}]}


def _stateful_set(args: HarborScannerArgs) -> Any:
    return {
        "serviceName": _NAME,
        "replicas": 1,
        "selector": {"matchLabels": _LABELS},
        "template": {
            "metadata": {"labels": _LABELS},
            "spec": {
                "automountServiceAccountToken": False,
                "securityContext": restricted_pod(_UID),
                "containers": [_container(args)],
            },
        },
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "cache"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": args.storage_class,
                    "resources": {"requests": {"storage": args.cache_size}},
                },
            }
        ],
    }


def _container(args: HarborScannerArgs) -> dict[str, Any]:
    plain = {
        "SCANNER_API_SERVER_ADDR": f":{_PORT}",
        "SCANNER_TRIVY_CACHE_DIR": f"{_CACHE}/trivy",
        "SCANNER_TRIVY_REPORTS_DIR": f"{_CACHE}/reports",
        "SCANNER_TRIVY_DB_REPOSITORY": ",".join(args.databases.vulnerabilities),
        "SCANNER_TRIVY_JAVA_DB_REPOSITORY": ",".join(args.databases.java),
        **({"SCANNER_TRIVY_OFFLINE_SCAN": "true"} if args.offline else {}),
    }
    return {
        "name": "trivy",
        "image": HARBOR_TRIVY,
        "env": [
            *({"name": variable, "value": value} for variable, value in plain.items()),
            from_secret("SCANNER_REDIS_URL", args.valkey_secret, "trivy"),
        ],
        "ports": [{"name": "http", "containerPort": _PORT}],
        "livenessProbe": {"httpGet": {"path": "/probe/healthy", "port": "http"}, "failureThreshold": 10},
        "readinessProbe": {"httpGet": {"path": "/probe/ready", "port": "http"}},
        "resources": resources("200m", "1Gi"),
        # Its entry point installs certificates and layers are unpacked below /tmp: the root file system is written to.
        "securityContext": {**restricted_container(), "readOnlyRootFilesystem": False},
        "volumeMounts": [{"name": "cache", "mountPath": _CACHE}],
    }
