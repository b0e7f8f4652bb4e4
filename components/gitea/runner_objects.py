"""The runners of Gitea's workflows: pods that carry out jobs as processes of their own, with no rights in the cluster.

Why not in containers: docs/adr/0014-jobs-in-a-restricted-pod.md. Keys of the configuration: docs.gitea.com/runner,
"Configuration".
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import yaml

from components.gitea.settings import Actions
from lib.images import GITEA_RUNNER
from lib.kubernetes import digest, from_secret, resources, restricted_container, restricted_pod
from lib.names import CA_DIRECTORY

SCRIPT = Path(__file__).parents[2] / "scripts" / "runner.sh"
METRICS_PORT = 9101
NAME = "gitea-runner"
LABELS = {"app.kubernetes.io/name": NAME}

_UID = 1000
_DATA, _CONFIG, _BINARY, _TRUST = "/data", "/etc/runner", "/runner", "/trust"
_BUNDLE = f"{_TRUST}/ca-certificates.crt"
# What Go and OpenSSL, git, curl, Python's requests and Node read; each of the others has its own idea of a place.
_BUNDLE_VARIABLES = ("SSL_CERT_FILE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_SHUTDOWN_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Runner:
    """What the runners need.

    Attributes:
        host: Host of Gitea.
        config_map: Name of the ConfigMap with `configuration` under `config.yaml`.
        registration: Name of the Secret with the token for registrations under `token`.
        ca_config_map: ConfigMap with the cluster's CA under `ca.crt`.
    """

    actions: Actions
    host: str
    config_map: pulumi.Input[str]
    registration: pulumi.Input[str]
    ca_config_map: pulumi.Input[str]
    storage_class: pulumi.Input[str]


def configuration(actions: Actions) -> str:
    """`config.yaml` of a runner. No label has an image, so that no job asks for a container engine."""
    return yaml.safe_dump(
        {
            "runner": {
                "file": f"{_DATA}/.runner",
                "capacity": actions.jobs,
                "labels": [f"{label}:host" for label in actions.labels],
                "shutdown_timeout": f"{_SHUTDOWN_SECONDS}s",
            },
            "cache": {"enabled": True, "dir": f"{_DATA}/cache"},
            "host": {"workdir_parent": f"{_DATA}/work"},
            "metrics": {"enabled": True, "addr": f":{METRICS_PORT}"},
        }
    )


def stateful_set(runner: Runner) -> Any:
    """Spec of the StatefulSet: each pod is a runner with its own registration, on its own volume. What it holds can be
    made anew, so it goes with the pod.
    """
    size = runner.actions.size
    return {
        "replicas": runner.actions.runners,
        "serviceName": NAME,  # names of pods follow from it; nobody looks them up
        "podManagementPolicy": "Parallel",
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Delete"},
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {
                "labels": LABELS,
                "annotations": {"home-cluster/configuration": digest(configuration(runner.actions))},
            },
            "spec": _pod(runner),
        },
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": runner.storage_class,
                    "resources": {"requests": {"storage": size}},
                },
            }
        ],
    }


def _pod(runner: Runner) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # The first process of the pod then takes in what jobs leave running; a runner would collect dead processes.
        "shareProcessNamespace": True,
        "terminationGracePeriodSeconds": _SHUTDOWN_SECONDS + 30,
        "securityContext": {**restricted_pod(_UID), "fsGroupChangePolicy": "OnRootMismatch"},
        "initContainers": [_binary(), _registration(runner)],
        "containers": [_daemon(runner.actions)],
        "volumes": [
            {"name": "config", "configMap": {"name": runner.config_map}},
            {"name": "cluster-ca", "configMap": {"name": runner.ca_config_map}},
            *({"name": name, "emptyDir": {}} for name in ("binary", "trust", "tmp")),
        ],
    }


def _binary() -> dict[str, Any]:
    """The runner is one file without libraries (its Dockerfile builds it where there is no C compiler), so it runs in
    any image of jobs.
    """
    return {
        "name": "binary",
        "image": GITEA_RUNNER,
        "command": ["/bin/sh", "-c", f'cp "$(command -v gitea-runner)" {_BINARY}/'],
        "resources": resources("10m", "64Mi"),
        "securityContext": restricted_container(),
        "volumeMounts": [{"name": "binary", "mountPath": _BINARY}],
    }


def _registration(runner: Runner) -> dict[str, Any]:
    """The only container that sees the token: jobs see what the runner's own container holds."""
    plain = {
        "INSTANCE": f"https://{runner.host}",
        "RUNNER": f"{_BINARY}/gitea-runner",
        "CONFIG": f"{_CONFIG}/config.yaml",
        "STATE": f"{_DATA}/.runner",
        "CLUSTER_CA": f"{CA_DIRECTORY}/ca.crt",
        "BUNDLE": _BUNDLE,
    }
    return {
        "name": "registration",
        "image": runner.actions.image,
        "command": ["/bin/bash", "-c", SCRIPT.read_text(encoding="utf-8")],
        "env": [
            *_environment(),
            *({"name": name, "value": value} for name, value in plain.items()),
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            from_secret("TOKEN", runner.registration, "token"),
        ],
        "resources": resources("50m", "128Mi"),
        "securityContext": restricted_container(),
        "volumeMounts": [*_mounts(), {"name": "cluster-ca", "mountPath": CA_DIRECTORY, "readOnly": True}],
    }


def _daemon(actions: Actions) -> dict[str, Any]:
    health = {"httpGet": {"path": "/healthz", "port": "metrics"}}  # served once Gitea knows the runner
    return {
        "name": "runner",
        "image": actions.image,
        "command": [f"{_BINARY}/gitea-runner", "--config", f"{_CONFIG}/config.yaml", "daemon"],
        "workingDir": _DATA,
        "env": _environment(),
        "ports": [{"name": "metrics", "containerPort": METRICS_PORT}],
        "readinessProbe": health,
        "livenessProbe": {**health, "failureThreshold": 10},
        "resources": resources("100m", actions.memory),
        "securityContext": restricted_container(),
        "volumeMounts": _mounts(),
    }


def _environment() -> list[dict[str, Any]]:
    """Variables of the runner, which each of its jobs has too."""
    values = {"HOME": f"{_DATA}/home", **dict.fromkeys(_BUNDLE_VARIABLES, _BUNDLE)}
    return [{"name": name, "value": value} for name, value in values.items()]


def _mounts() -> list[dict[str, Any]]:
    return [
        {"name": "data", "mountPath": _DATA},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - inside the container
        {"name": "trust", "mountPath": _TRUST},
        {"name": "config", "mountPath": _CONFIG, "readOnly": True},
        {"name": "binary", "mountPath": _BINARY, "readOnly": True},
    ]
