"""The one-time initialisation of Vault: a Job that may write one Secret, and a server that may only read it."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.namespace import Namespace
from components.script_job import ScriptJob, ScriptJobArgs
from components.vault.server_config import RELEASE, replica_addresses
from components.vault.values import KEYS_SECRET, bank_vaults_flags
from lib.images import BANK_VAULTS
from lib.kubernetes import (
    REPLACE_UNREADY,
    account_subject,
    resources,
    restricted_container,
    restricted_pod,
    role_reference,
)
from lib.names import CA_DIRECTORY
from lib.pod_scripts import script

_SECONDS = 900
_SERVER_ACCOUNT = RELEASE  # the chart names it after the release
_FIRST = replica_addresses(1)[0]
"""Of several servers only the first is initialised; the others join it."""


@dataclass(frozen=True, kw_only=True)
class InitialisationArgs:
    """Namespace of Vault and the ConfigMap with the CA of its certificate."""

    namespace: Namespace
    ca_config_map: pulumi.Input[str]


class Initialisation(pulumi.ComponentResource):
    """Creates:

    - `<name>-keys`: the Secret `vault-keys`, empty; its data is written by the Job and ignored by this program.
      It comes first so that no account needs `create`, which cannot be limited to a name.
    - `<name>-account`: ServiceAccount of the Job, with Role and RoleBinding: get and update of that Secret.
    - `<name>-reader`: Role and RoleBinding that let Vault's own account get that Secret, no more.
    - `<name>-listening` (by `run`): ScriptJob that waits until Vault answers. No init container of the Job: of those
      the provider shows no last words.
    - `<name>-job` (by `run`): the Job.

    Attributes:
        keys_secret: Name of the Secret.
        reader: The RoleBinding without which the sidecar cannot unseal.
    """

    keys_secret: pulumi.Output[str]
    reader: k8s.rbac.v1.RoleBinding

    def __init__(self, name: str, args: InitialisationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/initialisation:Initialisation", name, None, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        keys = k8s.core.v1.Secret(
            f"{name}-keys",
            metadata={"name": KEYS_SECRET, "namespace": args.namespace.namespace},
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["data", "stringData"]),
        )
        self.keys_secret = keys.metadata.name
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata={"name": "vault-init", "namespace": args.namespace.namespace}, opts=child
        )
        self._account = account.metadata.name
        self._writer = self._allow("account", "vault-init", self._account, ["get", "update"])
        self.reader = self._allow("reader", "vault-unseal", _SERVER_ACCOUNT, ["get"])
        self.register_outputs({"keys_secret": self.keys_secret})

    def run(self, server: pulumi.Resource) -> k8s.batch.v1.Job:
        """The Job that initialises Vault once `server` is installed; harmless on an initialised one."""
        listening = ScriptJob(
            f"{self._name}-listening",
            ScriptJobArgs(
                namespace=self._args.namespace.namespace,
                source=script("vault_listening"),
                runbook="vault-recovery.md#vault-does-not-come-up",
                environment={"VAULT_ADDR": _FIRST},
                ca_config_map=self._args.ca_config_map,
                after=[server],
                seconds=_SECONDS,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        timeout = f"{_SECONDS + 120}s"
        return k8s.batch.v1.Job(
            f"{self._name}-job",
            metadata={
                "name": "vault-init",
                "namespace": self._args.namespace.namespace,
                "annotations": dict(REPLACE_UNREADY),
            },
            spec=self._job(),
            # Nothing in the Job's spec comes from the server or the binding, and it needs both.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[listening.job, self._writer],
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout),
            ),
        )

    def _allow(self, role: str, object_name: str, account: pulumi.Input[str], verbs: list[str]) -> Any:
        metadata: Any = {"name": object_name, "namespace": self._args.namespace.namespace}
        child = pulumi.ResourceOptions(parent=self)
        created = k8s.rbac.v1.Role(
            f"{self._name}-{role}-role",
            metadata=metadata,
            rules=[
                {"api_groups": [""], "resources": ["secrets"], "resource_names": [self.keys_secret], "verbs": verbs}
            ],
            opts=child,
        )
        return k8s.rbac.v1.RoleBinding(
            f"{self._name}-{role}-binding",
            metadata=metadata,
            role_ref=role_reference("Role", created.metadata.name),
            subjects=[account_subject(account, self._args.namespace.namespace)],
            opts=child,
        )

    def _job(self) -> Any:
        return {"backoffLimit": 6, "activeDeadlineSeconds": _SECONDS, "template": {"spec": self._pod()}}

    def _pod(self) -> Any:
        environment = [
            {"name": "VAULT_ADDR", "value": _FIRST},
            {"name": "VAULT_CACERT", "value": f"{CA_DIRECTORY}/ca.crt"},
        ]
        ca_mount = {"name": "ca", "mountPath": CA_DIRECTORY, "readOnly": True}
        flags = [*bank_vaults_flags(self._args.namespace.literal), "--secret-shares=1", "--secret-threshold=1"]
        return {
            "restartPolicy": "Never",
            "serviceAccountName": self._account,
            "securityContext": restricted_pod(),
            "containers": [
                {
                    "name": "init",
                    "image": BANK_VAULTS,
                    "args": ["init", *flags],
                    "env": environment,
                    "resources": resources("10m", "64Mi"),
                    "securityContext": restricted_container(),
                    "terminationMessagePolicy": "FallbackToLogsOnError",
                    "volumeMounts": [ca_mount],
                }
            ],
            "volumes": [{"name": "ca", "configMap": {"name": self._args.ca_config_map}}],
        }
