"""What Harbor holds: projects, registries and robots of the stack file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.harbor.declared import content
from components.harbor.settings import HarborSettings
from components.harbor.values import WORKLOADS
from components.script_job import ScriptJob, ScriptJobArgs
from lib.kubernetes import account_subject, role_reference
from lib.pod_scripts import script

_SECONDS = 900
_EVERY_HOUR = "17 * * * *"
_LOGINS = "/robots"
_CORE = ",".join(f"{key}%3D{value}" for key, value in WORKLOADS["core"].items())


@dataclass(frozen=True, kw_only=True)
class RotatedSecret:
    """Name of a Secret, and the generation of its password."""

    secret_name: pulumi.Input[str]
    generation: int


@dataclass(frozen=True, kw_only=True)
class HarborContentArgs:
    """Section `harbor` of the stack file, and where its API is reached as whom.

    Attributes:
        admin_secret: Secret whose key `password` is the administrator's.
        valkey: Secret with the URL of the registry's cache, which core copies into a schedule.
        ca_config_map: ConfigMap whose `ca.crt` signed Harbor's certificate.
        robots: Login of each robot (components/harbor/pull_secret.py).
        serving: What Harbor's API needs: its release, ready.
        release: Digest of that release.
    """

    namespace: pulumi.Input[str]
    settings: HarborSettings
    admin_secret: pulumi.Input[str]
    valkey: RotatedSecret
    ca_config_map: pulumi.Input[str]
    robots: Mapping[str, RotatedSecret]
    serving: Sequence[pulumi.Resource]
    release: pulumi.Input[str]


class HarborContent(pulumi.ComponentResource):
    """Creates:

    - `<name>-account`, `<name>-role`, `<name>-binding`: permission to see since when core runs, and Valkey's Secret is.
    - `<name>`: a ScriptJob that makes Harbor hold what the stack file says, and does so again every hour.

    The Job runs anew when the section or the generation of a robot's or Valkey's password changes. Changes by hand come
    back with the hourly run; a preview does not show them (docs/adr/0015).

    Attributes:
        ready: Gate: everything is there, with the rights, quotas and passwords that were declared.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: HarborContentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:harbor/content:HarborContent", name, None, opts)
        generations = {robot: login.generation for robot, login in args.robots.items()}
        valkey = f"valkey/harbor={args.valkey.generation}"
        account, binding = self._account(name, args)
        job = ScriptJob(
            name,
            ScriptJobArgs(
                namespace=args.namespace,
                source=script("harbor_content"),
                runbook="harbor.md#the-job-harbor-content",
                environment={
                    "HARBOR_URL": f"https://{args.settings.host}",
                    "CONTENT": json.dumps(content(args.settings, generations), sort_keys=True),
                    "LOGINS": _LOGINS,
                    "VALKEY_SECRET": _path(args.namespace, pulumi.Output.concat("secrets/", args.valkey.secret_name)),
                    "VALKEY_GENERATIONS": valkey,
                    "CORE_PODS": _path(args.namespace, f"pods?labelSelector={_CORE}"),
                },
                secrets={"HARBOR_PASSWORD": (args.admin_secret, "password")},
                ca_config_map=args.ca_config_map,
                volumes=[
                    (
                        {"name": f"robot-{robot}", "secret": {"secretName": login.secret_name}},
                        {"name": f"robot-{robot}", "mountPath": f"{_LOGINS}/{robot}", "readOnly": True},
                    )
                    for robot, login in args.robots.items()
                ],
                service_account=account.metadata.name,
                after=[binding, *args.serving],
                proves=[args.release],
                seconds=_SECONDS,
                round_seconds=180,
                again=_EVERY_HOUR,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.ready = job.job
        self.register_outputs({})

    def _account(self, name: str, args: HarborContentArgs) -> tuple[k8s.core.v1.ServiceAccount, pulumi.Resource]:
        child, metadata = pulumi.ResourceOptions(parent=self), _metadata(name, args)
        account = k8s.core.v1.ServiceAccount(f"{name}-account", metadata=metadata, opts=child)
        secret: Any = {"resources": ["secrets"], "resource_names": [args.valkey.secret_name], "verbs": ["get"]}
        pods: Any = {"resources": ["pods"], "verbs": ["list"]}
        rules: Any = [{"api_groups": [""], **rule} for rule in (secret, pods)]
        role = k8s.rbac.v1.Role(f"{name}-role", metadata=metadata, rules=rules, opts=child)
        binding = k8s.rbac.v1.RoleBinding(
            f"{name}-binding",
            metadata=metadata,
            role_ref=role_reference("Role", role.metadata.name),
            subjects=[account_subject(account.metadata.name, args.namespace)],
            opts=child,
        )
        return account, binding


def _metadata(name: pulumi.Input[str], args: HarborContentArgs) -> Any:
    return {"name": name, "namespace": args.namespace}


def _path(namespace: pulumi.Input[str], rest: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.concat("/api/v1/namespaces/", namespace, "/", rest)
