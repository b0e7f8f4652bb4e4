"""A blueprint: its file in the worker, its row in Authentik, and the proof that it was applied."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_authentik as authentik
import pulumi_kubernetes as k8s

from components.authentik.api import AuthentikApi
from components.authentik.blueprints import paths
from components.script_job import ScriptJob, ScriptJobArgs
from lib.kubernetes import digest
from lib.names import AUTHENTIK_IN_CLUSTER
from lib.pod_scripts import script

GATE_SECONDS = 600
"""The kubelet may take a minute or two to bring a changed ConfigMap or Secret into the worker."""
_TEXT_MOUNT, _SECRET_MOUNT = "/blueprint", "/secret"


@dataclass(frozen=True, kw_only=True)
class BlueprintSecret:
    """The secret that a blueprint reads from a file: that of a client, or a token.

    Attributes:
        secret_name: Kubernetes Secret with the value under `key` and its generation under `generation`; the one that
            the worker mounts.
        generation: Generation that is wanted.
        proof: Variables that tell scripts/blueprint_apply.py how to prove that Authentik has this value.
    """

    secret_name: pulumi.Output[str]
    key: str
    generation: int
    proof: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class BlueprintArgs:
    """A blueprint.

    Attributes:
        slug: Names the ConfigMap `authentik-blueprints-<slug>`, which the worker mounts.
        text: The final YAML.
        secret: What it reads from a file.
        after: Applied before this one: whatever it looks up.
    """

    api: AuthentikApi
    slug: str
    text: str
    secret: BlueprintSecret | None = None
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class Blueprint(pulumi.ComponentResource):
    """Creates:

    - `<name>-file`: ConfigMap `authentik-blueprints-<slug>` with the text.
    - `<name>-visible`: ScriptJob that waits until the worker sees this version of the file.
    - `<name>-row`: the `authentik.Blueprint`. Its context holds a digest of the text, so that every change of a
      blueprint shows as a change of its row. Deleting it deletes nothing that the blueprint made.
    - `<name>-apply`: ScriptJob that has the blueprint applied and proves it, and does so again every hour: what
      somebody changed by hand of what the text says comes back.

    Attributes:
        ready: Gate: Authentik applied exactly this text, with the current value of its secret.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: BlueprintArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:authentik/blueprint:Blueprint", name, None, opts)
        self._name, self._args = name, args
        self._sha512 = hashlib.sha512(args.text.encode()).hexdigest()
        file = k8s.core.v1.ConfigMap(
            f"{name}-file",
            metadata={"name": paths.config_map(args.slug), "namespace": args.api.namespace.namespace},
            data={paths.file_name(args.slug): args.text},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._config_map = file.metadata.name
        url = _after([args.api.ready], AUTHENTIK_IN_CLUSTER)
        visible = self._script_job(
            "visible", "blueprint_visible", {"AUTHENTIK_URL": url, "BLUEPRINT_PATH": paths.path(args.slug)}
        )
        row = authentik.Blueprint(
            f"{name}-row",
            name=f"home-cluster - {args.slug}",
            # Only now: the file may become visible while what comes before is applied.
            path=_after([visible, *args.after], paths.path(args.slug)),
            context=json.dumps({"text_sha512": self._sha512}),
            opts=pulumi.ResourceOptions(parent=self, provider=args.api.provider),
        )
        applied: dict[str, pulumi.Input[str]] = {"AUTHENTIK_URL": AUTHENTIK_IN_CLUSTER, "BLUEPRINT_ID": row.id}
        self.ready = self._script_job("apply", "blueprint_apply", applied, again=_every_hour(args.slug))
        self.register_outputs({})

    def _script_job(
        self, suffix: str, source: str, environment: dict[str, pulumi.Input[str]], again: str | None = None
    ) -> k8s.batch.v1.Job:
        args = self._args
        step = ScriptJob(
            f"{self._name}-{suffix}",
            ScriptJobArgs(
                namespace=args.api.namespace.namespace,
                source=script(source),
                runbook="logins.md#a-blueprint-is-not-applied",
                environment={
                    **environment,
                    "BLUEPRINT_FILE": f"{_TEXT_MOUNT}/{paths.file_name(args.slug)}",
                    "BLUEPRINT_SHA512": self._sha512,
                    **_secret_environment(args.secret),
                },
                secrets={"AUTHENTIK_TOKEN": (args.api.token_secret, paths.API_TOKEN)},
                volumes=self._volumes(),
                proves=[args.api.version],
                seconds=GATE_SECONDS,
                again=again,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return step.job

    def _volumes(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        text = {"name": "blueprint", "configMap": {"name": self._config_map}}
        volumes: list[tuple[dict[str, Any], dict[str, Any]]] = [
            (text, {"name": "blueprint", "mountPath": _TEXT_MOUNT, "readOnly": True})
        ]
        if self._args.secret is not None:
            secret = {"name": "secret", "secret": {"secretName": self._args.secret.secret_name}}
            volumes.append((secret, {"name": "secret", "mountPath": _SECRET_MOUNT, "readOnly": True}))
        return volumes


def _every_hour(slug: str) -> str:
    """At a minute of its own, so that not all blueprints are applied at once."""
    return f"{int(digest(slug), 16) % 60} * * * *"


def _secret_environment(secret: BlueprintSecret | None) -> dict[str, str]:
    if secret is None:
        return {}
    return {
        **secret.proof,
        "SECRET_FILE": f"{_SECRET_MOUNT}/{secret.key}",
        "SECRET_GENERATION_FILE": f"{_SECRET_MOUNT}/{paths.GENERATION}",
        "SECRET_GENERATION": str(secret.generation),
    }


def _after(resources: Sequence[pulumi.Resource], value: str) -> pulumi.Output[str]:
    """`value`, as an Output that makes its user depend on all of `resources` (see `once`)."""
    return pulumi.Output.all(*[resource.urn for resource in resources]).apply(lambda _: value)
