"""A script inside the cluster: a Job that succeeds once what it looks at, or sees to, is as it should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from lib import runbooks
from lib.images import PYTHON
from lib.kubernetes import REPLACE_UNREADY, digest, from_secret, resources, restricted_container, restricted_pod
from lib.names import CA_DIRECTORY
from lib.pod_scripts import modules, script

_MAIN = "main.py"


@dataclass(frozen=True, kw_only=True)
class ScriptJobArgs:
    """What to run and with what.

    Attributes:
        namespace: Where the Job runs.
        source: Text of the script, from `script(...)`; it loops until satisfied and exits 1 when it gives up.
        runbook: Page of docs/runbooks and heading, which its last words then name.
        environment: Variables in plain text.
        secrets: Variables taken from Secrets: variable -> (name of the Secret, key).
        ca_config_map: ConfigMap whose `ca.crt` the script trusts.
        volumes: Further volumes, as (volume, mount) of the pod's spec.
        service_account: ServiceAccount whose token the script may use; None for no token at all.
        after: What must be there first although no input of the Job comes from it.
        proves: What stands for what the script looks at, such as `Release.digest`; it runs again when one changes.
        seconds: How long the Job may take; Pulumi waits two minutes longer, so that it is the Job that fails.
        round_seconds: How long before that the script begins no further round: it is told by the variable SECONDS, so
            that it, and not the Job, gives up, and its last words are kept.
        again: Cron schedule on which the script runs again, for one that puts right what somebody changed by hand.
    """

    namespace: pulumi.Input[str]
    source: str
    runbook: str
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Mapping[str, tuple[pulumi.Input[str], str]] = field(default_factory=dict)
    ca_config_map: pulumi.Input[str] | None = None
    volumes: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=tuple)
    service_account: pulumi.Input[str] | None = None
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)
    proves: Sequence[pulumi.Input[str]] = field(default_factory=tuple)
    seconds: int = 900
    round_seconds: int = 60
    again: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """The script and every script of scripts that it needs, by the name of the file."""
        return {_MAIN: self.source, **{f"{module}.py": script(module) for module in modules(self.source)}}


class ScriptJob(pulumi.ComponentResource):
    """Creates:

    - `<name>-script`: ConfigMap with the script and its modules.
    - `<name>`: the Job. It runs again whenever its script, variables or volumes change, or what it proves (a Job's
      template is immutable, so Pulumi replaces it), and after a failure (`pulumi.com/replaceUnready`). The script
      tries until its time is over, so its first failure is the Job's; the provider shows the last words of each pod.
    - `<name>-again`: CronJob of the same pod, where a schedule is given. The script is told by the variable SCHEDULED,
      since a run that had to put something right fails, to be seen (scripts/gate.py, `finish`).

    Attributes:
        job: The Job; depending on it is depending on what it has proven.
    """

    job: k8s.batch.v1.Job

    def __init__(self, name: str, args: ScriptJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:script_job:ScriptJob", name, None, opts)
        config = k8s.core.v1.ConfigMap(
            f"{name}-script",
            metadata={"name": f"{name}-script", "namespace": args.namespace},
            data=args.files,
            opts=pulumi.ResourceOptions(parent=self),
        )
        timeout = f"{args.seconds + 120}s"
        self.job = k8s.batch.v1.Job(
            name,
            metadata={
                "name": name,
                "namespace": args.namespace,
                "annotations": dict(REPLACE_UNREADY),
            },
            spec=_job(args, config.metadata.name),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(args.after),
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout),
            ),
        )
        if args.again is not None:
            k8s.batch.v1.CronJob(
                f"{name}-again",
                metadata={"name": f"{name}-again", "namespace": args.namespace},
                spec=_schedule(args, args.again, config.metadata.name),
                # First the gate: what the script cannot do once, it need not try again every hour.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[self.job]),
            )
        self.register_outputs({"job": self.job.id})


def _job(args: ScriptJobArgs, script_config_map: pulumi.Input[str], scheduled: bool = False) -> Any:
    return {
        "backoffLimit": 0,
        # A pod that its node took away has failed at nothing. (The provider knows no failure by this policy, only
        # BackoffLimitExceeded and DeadlineExceeded: provider/pkg/await/checker/job/check.go.)
        "podFailurePolicy": {
            "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        },
        "activeDeadlineSeconds": args.seconds,
        "template": {
            "metadata": {"annotations": _annotations(args)},
            "spec": script_pod(args, script_config_map, scheduled),
        },
    }


def _annotations(args: ScriptJobArgs) -> dict[str, pulumi.Input[str]]:
    """What makes the Job run again although its pod stays the same: the ConfigMap keeps its name when the script
    changes, and so do hosts and Secrets when what answers there does.
    """
    proven = {"home-cluster/proves": pulumi.Output.all(*args.proves).apply(" ".join)} if args.proves else {}
    return {"home-cluster/script": digest(*args.files.values()), **proven}


def _schedule(args: ScriptJobArgs, schedule: str, script_config_map: pulumi.Input[str]) -> Any:
    return {
        "schedule": schedule,
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"spec": {**_job(args, script_config_map, scheduled=True), "ttlSecondsAfterFinished": 86400}},
    }


def script_pod(args: ScriptJobArgs, script_config_map: pulumi.Input[str], scheduled: bool = False) -> dict[str, Any]:
    """Spec of the pod."""
    environment: list[dict[str, Any]] = [{"name": key, "value": value} for key, value in args.environment.items()]
    environment += [from_secret(variable, secret, key) for variable, (secret, key) in args.secrets.items()]
    environment.append({"name": "RUNBOOK", "value": runbooks.path(args.runbook)})
    environment.append({"name": "SECONDS", "value": str(args.seconds - args.round_seconds)})
    environment += [{"name": "SCHEDULED", "value": "true"}] if scheduled else []
    files = {"name": script_config_map, **_places(args.files)}
    volumes: list[Mapping[str, Any]] = [{"name": "script", "configMap": files}]
    mounts: list[Mapping[str, Any]] = [{"name": "script", "mountPath": "/script", "readOnly": True}]
    if args.ca_config_map is not None:
        environment.append({"name": "SSL_CERT_FILE", "value": f"{CA_DIRECTORY}/ca.crt"})
        volumes.append({"name": "ca", "configMap": {"name": args.ca_config_map}})
        mounts.append({"name": "ca", "mountPath": CA_DIRECTORY, "readOnly": True})
    for volume, mount in args.volumes:
        volumes.append(volume)
        mounts.append(mount)
    account = {} if args.service_account is None else {"serviceAccountName": args.service_account}
    return {
        "restartPolicy": "Never",
        **account,
        "automountServiceAccountToken": args.service_account is not None,
        "securityContext": restricted_pod(),
        "containers": [
            {
                "name": "script",
                "image": PYTHON,
                "command": ["python3", f"/script/{_MAIN}"],
                "env": environment,
                "resources": resources("10m", "64Mi"),
                "securityContext": restricted_container(),
                # The script leaves its reason where the kubelet looks for it; of one that broke off the log must do.
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "volumeMounts": mounts,
            }
        ],
        "volumes": volumes,
    }


def _places(files: Mapping[str, str]) -> dict[str, Any]:
    """Where the files of the ConfigMap lie: modules below the script, where `import scripts.<module>` finds them."""
    below = [{"key": name, "path": f"scripts/{name}"} for name in files if name != _MAIN]
    return {"items": [{"key": _MAIN, "path": _MAIN}, *below]} if below else {}
