"""Authentik as the program builds it from the real stack file, for the tests of its components."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.authentik.api import AuthentikApi
from components.authentik.server import AuthentikServer, AuthentikServerArgs
from components.namespace import Namespace, NamespaceArgs
from components.platform_secrets import PlatformSecrets, PlatformSecretsArgs
from lib import names
from lib.charts import Catalogue
from lib.kubernetes import PodSecurity
from register import logins
from register.secrets import declare
from settings.model import Settings
from stack_file.load import load_stack_file
from stack_file.model import StackFile
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording

JOB, CONFIG_MAP = "kubernetes:batch/v1:Job", "kubernetes:core/v1:ConfigMap"
RELEASE, EXTERNAL_SECRET = "kubernetes:helm.sh/v3:Release", "kubernetes:external-secrets.io/v1:ExternalSecret"
ROW = "authentik:index/blueprint:Blueprint"
SETTINGS: Settings = load_stack_file(Path(__file__).parents[3] / "Pulumi.test-cluster.yaml")


def changed(**sections: dict[str, Any]) -> Settings:
    """The stack file with some keys of some sections changed."""
    document = SETTINGS.model_dump(mode="json", exclude_none=True)
    for section, values in sections.items():
        document[section] |= values
    return StackFile.model_validate(document)


def server(settings: Settings, opts: pulumi.ResourceOptions) -> tuple[AuthentikApi, dict[str, Any]]:
    """The server, and what phase 2 gives to the applications beside it."""
    secrets = PlatformSecrets("secrets", PlatformSecretsArgs(declarations=declare(settings), mount="kv"), opts)
    store = k8s.core.v1.ConfigMap("store", opts=opts)
    namespace = Namespace(
        "authentik-namespace",
        NamespaceArgs(
            name=names.SystemNamespace.AUTHENTIK,
            pod_security=PodSecurity.RESTRICTED,
            ca_certificate="-----BEGIN CERTIFICATE-----",
            from_namespaces=(names.SystemNamespace.TRAEFIK,),
        ),
        opts,
    )
    args = AuthentikServerArgs(
        chart=Catalogue()["authentik"],
        namespace=namespace,
        identity=settings.identity,
        monitored=False,
        pods=settings.network.pods,
        secrets=secrets,
        store_ready=[store],
        issuer_ready=k8s.core.v1.ConfigMap("issuer", opts=opts),
        ingress="ingress",
        applications=logins.possible_applications(settings),
    )
    return AuthentikServer("authentik", args, opts).api, {"secrets": secrets, "store_ready": [store]}


def server_alone(opts: pulumi.ResourceOptions) -> None:
    """The server under the real stack file."""
    server(SETTINGS, opts)


def under(settings: Settings) -> Recording:
    """The server under another stack file."""

    def build_other(opts: pulumi.ResourceOptions) -> None:
        server(settings, opts)

    return record_component(build_other)


@cache
def recorded(build: Callable[[pulumi.ResourceOptions], None]) -> Recording:
    """One run of `build` for all tests of a process."""
    return record_component(build)


def container(job: Recorded) -> dict[str, Any]:
    """The container of a Job."""
    found: dict[str, Any] = job.get("spec", "template", "spec", "containers", 0)
    return found


def environment(job: Recorded) -> dict[str, Any]:
    """Variables of a Job in plain text."""
    return {entry["name"]: entry["value"] for entry in container(job)["env"] if "value" in entry}


def mounted(job: Recorded) -> dict[str, dict[str, Any]]:
    """Mount path -> volume of a Job."""
    volumes = {volume["name"]: volume for volume in job.get("spec", "template", "spec", "volumes")}
    return {mount["mountPath"]: volumes[mount["name"]] for mount in container(job)["volumeMounts"]}


def worker_volumes(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Mount path -> volume of the worker."""
    named = {volume["name"]: volume for volume in values["worker"]["volumes"]}
    return {mount["mountPath"]: named[mount["name"]] for mount in values["worker"]["volumeMounts"]}
