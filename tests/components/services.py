"""What the tests of the services share: each service as the program builds it, from the real stack file."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.gitea.server import Gitea, GiteaArgs
from components.gitea.service import GITEA
from components.harbor.server import Harbor, HarborArgs
from components.harbor.service import HARBOR
from components.matrix.server import Matrix, MatrixArgs
from components.matrix.service import MATRIX
from components.platform_secrets import PlatformSecrets, PlatformSecretsArgs
from components.service import service_namespace
from declarations.service import Service
from lib.charts import Catalogue
from lib.names import CLUSTER_ISSUER, VAULT_ISSUER
from register.secrets import declare
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording

RELEASE = "kubernetes:helm.sh/v3:Release"
EXTERNAL_SECRET = "kubernetes:external-secrets.io/v1:ExternalSecret"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
JOB = "kubernetes:batch/v1:Job"
SETTINGS: Settings = load_stack_file(Path(__file__).parents[2] / "Pulumi.test-cluster.yaml")


def given(service: Service, opts: pulumi.ResourceOptions) -> dict[str, Any]:
    """What phase 4 gives to each of its services."""
    ca = "-----BEGIN CERTIFICATE-----"
    issuer = k8s.core.v1.ConfigMap("issuer", opts=opts)
    return {
        "settings": SETTINGS,
        "charts": Catalogue(),
        "application": service.application(SETTINGS),
        "namespace": service_namespace(service.namespace, ca, service.openings(SETTINGS), opts),
        "secrets": PlatformSecrets("secrets", PlatformSecretsArgs(declarations=declare(SETTINGS), mount="kv"), opts),
        "store_ready": [k8s.core.v1.ConfigMap("store", opts=opts)],
        "issuers": {CLUSTER_ISSUER: issuer, VAULT_ISSUER: issuer},
        "ca_certificate": ca,
        "storage_class": "fast",
        "ingress": "ingress",
    }


def gitea(opts: pulumi.ResourceOptions) -> None:
    Gitea("gitea", GiteaArgs(**given(GITEA, opts)), opts)


def harbor(opts: pulumi.ResourceOptions) -> None:
    Harbor("harbor", HarborArgs(**given(HARBOR, opts)), opts)


def matrix(opts: pulumi.ResourceOptions) -> None:
    Matrix("matrix", MatrixArgs(**given(MATRIX, opts)), opts)


@cache
def recorded(build: Callable[[pulumi.ResourceOptions], None]) -> Recording:
    """One run of `build` for all tests of a process."""
    return record_component(build)


def external_secrets(recording: Recording) -> dict[str, Recorded]:
    """Every ExternalSecret by the name of its Secret."""
    return {one.get("metadata", "name"): one for one in recording.of_type(EXTERNAL_SECRET)}


def sources(external_secret: Recorded) -> dict[str, tuple[str, str]]:
    """Key of the Secret, or variable of its template -> (path in Vault, property)."""
    return {
        entry["secretKey"]: (entry["remoteRef"]["key"], entry["remoteRef"]["property"])
        for entry in external_secret.get("spec", "data")
    }


def template(external_secret: Recorded) -> dict[str, str]:
    """Text of each key of a composed Secret."""
    found: dict[str, str] = external_secret.get("spec", "target", "template", "data")
    return found


def checks(recording: Recording) -> list[dict[str, str]]:
    """What the gate asks."""
    container = recording.one(JOB, "*-login").get("spec", "template", "spec", "containers", 0)
    (text,) = [entry["value"] for entry in container["env"] if entry["name"] == "CHECKS"]
    found: list[dict[str, str]] = json.loads(text)
    return found
