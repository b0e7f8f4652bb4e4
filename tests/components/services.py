"""What the tests of the services share: each service as the program builds it, from the real stack file."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.gitea.server import OPENINGS as GITEA_OPENINGS
from components.gitea.server import Gitea, GiteaArgs
from components.harbor.server import Harbor, HarborArgs, openings
from components.matrix import authentication
from components.matrix.server import OPENINGS as MATRIX_OPENINGS
from components.matrix.server import Matrix, MatrixArgs
from components.platform_secrets import PlatformSecrets, PlatformSecretsArgs
from components.service import Openings, service_namespace
from declarations import oidc
from declarations.secret_registry import declare
from lib.charts import Catalogue
from lib.names import Namespace as Names
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording

RELEASE = "kubernetes:helm.sh/v3:Release"
EXTERNAL_SECRET = "kubernetes:external-secrets.io/v1:ExternalSecret"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
JOB = "kubernetes:batch/v1:Job"
SETTINGS: Settings = load_stack_file(Path(__file__).parents[2] / "Pulumi.test-cluster.yaml")


def given(namespace: Names, openings: Openings, opts: pulumi.ResourceOptions) -> dict[str, Any]:
    """What phase 4 gives to each of its services."""
    return {
        "namespace": service_namespace(namespace, "-----BEGIN CERTIFICATE-----", openings, opts),
        "secrets": PlatformSecrets("secrets", PlatformSecretsArgs(declarations=declare(SETTINGS), mount="kv"), opts),
        "ready": [k8s.core.v1.ConfigMap("store", opts=opts)],
        "issuer_ready": k8s.core.v1.ConfigMap("issuer", opts=opts),
        "ca_certificate": "-----BEGIN CERTIFICATE-----",
        "storage_class": "fast",
        "ingress": "ingress",
    }


def gitea(opts: pulumi.ResourceOptions) -> None:
    args = GiteaArgs(
        chart=Catalogue()["gitea"],
        application=oidc.gitea(SETTINGS),
        settings=SETTINGS.gitea,
        ssh_address=SETTINGS.network.load_balancers.git_ssh,
        people=SETTINGS.identity.members(SETTINGS.gitea.login_groups),
        **given(Names.GITEA, GITEA_OPENINGS, opts),
    )
    Gitea("gitea", args, opts)


def harbor(opts: pulumi.ResourceOptions) -> None:
    args = HarborArgs(
        chart=Catalogue()["harbor"],
        application=oidc.harbor(SETTINGS),
        settings=SETTINGS.harbor,
        **given(Names.HARBOR, openings(SETTINGS.harbor), opts),
    )
    Harbor("harbor", args, opts)


def matrix(opts: pulumi.ResourceOptions) -> None:
    args = MatrixArgs(
        chart=Catalogue()["matrix-stack"],
        application=oidc.matrix(SETTINGS),
        settings=SETTINGS.matrix,
        administrators=authentication.administrators(SETTINGS),
        people=SETTINGS.identity.members(SETTINGS.matrix.login_groups),
        **given(Names.MATRIX, MATRIX_OPENINGS, opts),
    )
    Matrix("matrix", args, opts)


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
