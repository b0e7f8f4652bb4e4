"""What the services of phase 4 have in common: what they are given and how they hold their secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from lib.charts import Chart
from lib.oidc import OidcApplication


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """What a service is given by the platform.

    Attributes:
        application: Its login, declared in lib/oidc.py.
        secrets: The written secrets, among them those of the service.
        ready: Readiness of the ClusterSecretStore.
        ca_certificate: PEM of the cluster's CA, which signs Authentik's certificate too.
        storage_class: StorageClass of its volumes.
    """

    chart: Chart
    application: OidcApplication
    secrets: PlatformSecrets
    ready: Sequence[pulumi.Resource]
    ca_certificate: pulumi.Input[str]
    storage_class: str


@dataclass(frozen=True, kw_only=True)
class SecretSpec:
    """A Kubernetes Secret of a service.

    Attributes:
        keys: Key of the Secret, or variable of the template -> (path in the secret registry, field).
        template: As in ExternalSecretArgs.
    """

    keys: Mapping[str, tuple[str, str]]
    template: Mapping[str, str] | None = None


def service_secret(
    args: ServiceArgs, namespace: Namespace, secret_name: str, spec: SecretSpec, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Name of the Secret, known to exist."""
    raise NotImplementedError
