"""What the services of phase 4 have in common: what they are given, their namespace, secrets, certificate and gate."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s

from components.certificate import CertificateArgs, host_certificate
from components.custom_resource import value_after
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.namespace import Namespace, NamespaceArgs
from components.platform_secrets import PlatformSecrets
from components.script_job import ScriptJob, ScriptJobArgs
from declarations.login_checks import LoginCheck
from declarations.oidc import OidcApplication
from declarations.service import Openings
from lib.charts import Catalogue
from lib.kubernetes import PodSecurity, one_at_a_time
from lib.names import CLUSTER_ISSUER
from lib.pod_scripts import script
from settings.model import Settings

_GATE_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """What a service is given by the platform.

    Attributes:
        settings: The stack file, of which a service reads its own section and what of the platform it must know.
        charts: The table of charts.
        namespace: Its namespace, from `service_namespace`.
        application: Its login.
        secrets: The written secrets, among them those of the service.
        store_ready: Readiness of the ClusterSecretStore.
        ca_certificate: PEM of the CAs that sign the certificates of the platform's hosts.
        issuers: The ready ClusterIssuers by name. One that Vault stands behind needs it for each renewal.
        public: Secrets with certificates of Let's Encrypt, by host; none where the platform's issuers sign.
        ingress: Digest of the ingress controller.
        storage_class: StorageClass of its volumes.
    """

    settings: Settings
    charts: Catalogue
    namespace: Namespace
    application: OidcApplication
    secrets: PlatformSecrets
    store_ready: Sequence[pulumi.Resource]
    ca_certificate: pulumi.Input[str]
    issuers: Mapping[str, pulumi.Resource]
    storage_class: pulumi.Input[str]
    ingress: pulumi.Input[str]
    public: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


def service_namespace(
    namespace: str, ca_certificate: pulumi.Input[str], openings: Openings, opts: pulumi.ResourceOptions
) -> Namespace:
    """The namespace of a service: restricted, open to Traefik and itself, with the CA bundle.

    It stands beside the service, because the volumes in it go with it: a service that is switched off leaves it behind.
    """
    return Namespace(
        f"{namespace}-namespace",
        NamespaceArgs(
            name=namespace,
            pod_security=PodSecurity.RESTRICTED,
            ca_certificate=ca_certificate,
            routed_ports=openings.routed,
            open_ports=openings.anyone,
            metrics_ports=openings.metrics,
        ),
        opts,
    )


class ServiceParts:
    """Makes the parts around a service's release, all children of the service and named after it.

    Attributes:
        namespace: The namespace that the service was given.
    """

    namespace: Namespace

    def __init__(self, name: str, args: ServiceArgs, parent: pulumi.ComponentResource) -> None:
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=parent)
        self.namespace = args.namespace

    @property
    def ca_config_map(self) -> pulumi.Output[str]:
        """ConfigMap with the CA under `ca.crt`."""
        return self.namespace.ca_bundle

    def secret(
        self,
        secret_name: str,
        keys: Mapping[str, tuple[str, str]],
        template: Mapping[str, pulumi.Input[str]] | None = None,
        secret_type: str = "Opaque",
    ) -> pulumi.Output[str]:
        """Name of the Secret that External Secrets made.

        Args:
            secret_name: Named for what it holds; the charts' own Secrets carry the release's name.
            keys: Key of the Secret, or variable of the template -> (path in the secret registry, field).
            template: As in ExternalSecretArgs, and so is the type.
        """
        return ExternalSecret(
            f"{self._name}-{secret_name}",
            ExternalSecretArgs(
                namespace=self.namespace,
                secret_name=secret_name,
                keys=[SecretKey(key, self._args.secrets[path], field) for key, (path, field) in keys.items()],
                template=template,
                secret_type=secret_type,
                store_ready=self._args.store_ready,
            ),
            self._child,
        ).secret_name

    def certificate(self, *hosts: str, issuer: str = CLUSTER_ISSUER) -> pulumi.Input[str]:
        """Name of the TLS Secret for the hosts, signed by Let's Encrypt or by one of the platform's issuers."""
        return host_certificate(
            f"{self._name}-tls",
            CertificateArgs(
                namespace=self.namespace.namespace,
                secret_name="tls",
                hosts=hosts,
                issuer_ready=self._args.issuers[issuer],
                issuer=issuer,
            ),
            self._args.public,
            self._child,
        )

    def disruption_budget(self, workload: str, labels: Mapping[str, str]) -> None:
        """A PodDisruptionBudget for the pods with these labels: while nodes are drained, at most one is away."""
        k8s.policy.v1.PodDisruptionBudget(
            f"{self._name}-{workload}-disruption",
            metadata={"name": f"{workload}-disruption", "namespace": self.namespace.namespace},
            spec=one_at_a_time(labels),
            opts=self._child,
        )

    def gate(
        self, checks: Sequence[LoginCheck], serving: pulumi.Resource, digest: pulumi.Input[str]
    ) -> pulumi.Resource:
        """The Job that proves the checks from inside the cluster, by the public hosts.

        Args:
            serving: What is asked: a release, or the last of what serves in its place.
            digest: Fingerprint of it; with another one the Job runs again.
        """
        gate = ScriptJob(
            f"{self._name}-login",
            ScriptJobArgs(
                namespace=self.namespace.namespace,
                source=script("login_offered"),
                runbook="logins.md#a-service-does-not-offer-the-login",
                environment={
                    # Before it there is nobody to ask.
                    "CHECKS": value_after(serving, json.dumps(list(checks))),
                },
                ca_config_map=self.ca_config_map,
                proves=[digest, self._args.ingress, self._generation()],
                seconds=_GATE_SECONDS,
            ),
            self._child,
        )
        return gate.job

    def _generation(self) -> str:
        """Of the client secret: with a new one the login is proven anew."""
        path = self._args.application.secret_path
        return f"{path}={self._args.secrets[path].declaration.generation}"
