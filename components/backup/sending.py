"""How a snapshot leaves the cluster: one container encrypts it, the next one sends it, and neither can do more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pulumi

from components.backup.target import Part, Target
from lib.images import AGE, RCLONE
from lib.kubernetes import resources, restricted_container, restricted_pod
from lib.network import pods_of, tcp
from lib.pod_scripts import SCRIPTS

BUNDLE = "/bundle"
"""Where a pod puts what is to be encrypted."""
SCRIPT = "/script"
SECONDS = 1800
"""How long a Job may take, with the tries after the first."""
_OUT, _RECIPIENTS = "/out", "recipients"
_WRITTEN = ("bundle", "out")


@dataclass(frozen=True, kw_only=True)
class Sending:
    """Where the archives of a part go, and who opens them.

    Attributes:
        access: Secret with the key pair of the target.
        recipients: Public keys of age.
    """

    part: Part
    target: Target
    access: pulumi.Input[str]
    recipients: Sequence[str]
    retention_days: int


def files(sending: Sending, *scripts: str) -> dict[str, str]:
    """Data of the ConfigMap `script`: what the steps run, with further scripts, and the public keys."""
    names = [f"{name}.sh" for name in ("backup_encrypt", "backup_upload", *scripts)]
    texts = {name: (SCRIPTS / name).read_text(encoding="utf-8") for name in names}
    return {**texts, _RECIPIENTS: "".join(f"{recipient}\n" for recipient in sending.recipients)}


def schedule(cron: str, labels: Mapping[str, str], pod: Mapping[str, Any]) -> Any:
    """Spec of the CronJob; the time is UTC."""
    return {
        "schedule": cron,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 2,
                "activeDeadlineSeconds": SECONDS,
                "ttlSecondsAfterFinished": 86400,
                "template": {"metadata": {"labels": dict(labels)}, "spec": pod},
            }
        },
    }


def pod(script: pulumi.Input[str], steps: Sequence[Any], volumes: Sequence[Any]) -> dict[str, Any]:
    """Spec of a pod whose containers run one after the other; what they hand on is gone with it."""
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": restricted_pod(),
        "initContainers": list(steps[:-1]),
        "containers": [steps[-1]],
        "volumes": [
            {"name": "script", "configMap": {"name": script}},
            {"name": "bundle", "emptyDir": {"sizeLimit": "4Gi"}},
            {"name": "out", "emptyDir": {"sizeLimit": "4Gi"}},
            *volumes,
        ],
    }


def egress(target: Target, labels: Mapping[str, str], further: Sequence[Any] = ()) -> Any:
    """Spec of a NetworkPolicy: the pods reach names, the target and what is `further`.

    Under Cilium, a block of addresses is none of pods and nodes; a target outside is one in any case.
    """
    address = urlsplit(target.endpoint)
    port = address.port or (443 if address.scheme == "https" else 80)
    beyond = [pods_of(one) for one in target.namespaces] or [{"ipBlock": {"cidr": "0.0.0.0/0"}}]
    names = {"ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]}
    return {
        "podSelector": {"matchLabels": dict(labels)},
        "policyTypes": ["Egress"],
        "egress": [names, *further, {"to": beyond, "ports": [tcp(port)]}],
    }


def encrypt(patterns: str, mounts: Mapping[str, str] | None = None) -> Any:
    """The container that makes the archive of files in BUNDLE."""
    environment = {"DIRECTORY": BUNDLE, "FILES": patterns, "RECIPIENTS": f"{SCRIPT}/{_RECIPIENTS}", "OUT": _OUT}
    read = {"bundle": BUNDLE, "out": _OUT, **(mounts or {})}
    return step("encrypt", AGE, ["bash", f"{SCRIPT}/backup_encrypt.sh"], read, environment)


def upload(sending: Sending) -> Any:
    """The container that sends it."""
    environment = {
        **remote(sending.target, sending.part),
        "RETENTION_DAYS": str(sending.retention_days),
        "OUT": _OUT,
    }
    access = {"envFrom": [{"secretRef": {"name": sending.access}}]}
    return step("upload", RCLONE, ["sh", f"{SCRIPT}/backup_upload.sh"], {"out": _OUT}, environment) | access


def remote(target: Target, part: Part) -> dict[str, str]:
    """Variables of rclone for the folder TARGET of a part: its docs, "Config file" and "s3"; it reads no file."""
    name = "RCLONE_CONFIG_TARGET"
    return {
        "RCLONE_CONFIG": "",
        f"{name}_TYPE": "s3",
        f"{name}_PROVIDER": "Other",
        f"{name}_ENV_AUTH": "true",
        f"{name}_ENDPOINT": target.endpoint,
        f"{name}_REGION": target.region,
        f"{name}_FORCE_PATH_STYLE": "true",
        f"{name}_NO_CHECK_BUCKET": "true",  # the keys need not be able to make one
        "TARGET": f"target:{target.bucket}/{target.path(part)}",
    }


def step(
    name: str,
    image: str,
    command: Sequence[str],
    mounts: Mapping[str, str],
    environment: Mapping[str, pulumi.Input[str]] | None = None,
) -> dict[str, Any]:
    """A container of such a pod; `mounts` are paths by volume, besides the scripts."""
    return {
        "name": name,
        "image": image,
        "command": list(command),
        **({"env": [_variable(*one) for one in environment.items()]} if environment else {}),
        "resources": resources("10m", "256Mi"),
        "securityContext": restricted_container(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": volume, "mountPath": path, **({} if volume in _WRITTEN else {"readOnly": True})}
            for volume, path in {"script": SCRIPT, **mounts}.items()
        ],
    }


def _variable(name: str, value: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """The API server keeps no empty value, and a refresh would find a difference."""
    return {"name": name} if value == "" else {"name": name, "value": value}
