"""Runners that carry out the workflows of Gitea."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.gitea import runner_network
from components.gitea import runner_objects as runner
from components.gitea.names import RUNNER_NAMESPACE
from components.gitea.secrets import RUNNER_TOKEN
from components.gitea.settings import GiteaSettings
from components.namespace import Namespace, NamespaceArgs
from components.platform_secrets import PlatformSecrets
from lib.kubernetes import RELOADER_AUTO, PodSecurity
from settings.infrastructure import NetworkSettings

_START_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class GiteaRunnerArgs:
    """Section `gitea` of the stack file, and what the platform gives.

    Attributes:
        network: Its networks are closed to jobs.
        secrets: The written secrets, among them the token for registrations.
        store: Readiness of the ClusterSecretStore.
        ca_certificate: PEM of the cluster's CA, which runners and jobs trust.
        storage_class: StorageClass of the volumes.
        gitea: Gate: there is a Gitea to register at.
    """

    settings: GiteaSettings
    network: NetworkSettings
    secrets: PlatformSecrets
    store: Sequence[pulumi.Resource]
    ca_certificate: pulumi.Input[str]
    storage_class: pulumi.Input[str]
    gitea: pulumi.Resource


class GiteaRunner(pulumi.ComponentResource):
    """Creates:

    - `<name>-namespace`: the namespace, restricted; only the monitoring may connect.
    - `<name>-egress`: NetworkPolicy of what jobs may reach.
    - `<name>-registration`: ExternalSecret of the token for registrations, which no job sees.
    - `<name>-config`: ConfigMap with the configuration of a runner.
    - `<name>`: the StatefulSet, awaited until Gitea knows every runner.

    Attributes:
        ready: Gate: the runners wait for jobs.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: GiteaRunnerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:gitea/runner:GiteaRunner", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        actions = args.settings.actions
        home = _namespace(f"{name}-namespace", args, child)
        networks = (args.network.pods, args.network.services, *([args.network.nodes] if args.network.nodes else []))
        closed = k8s.networking.v1.NetworkPolicy(
            f"{name}-egress",
            metadata={"name": "egress", "namespace": home.namespace},
            spec=runner_network.egress(networks),
            opts=child,
        )
        config = k8s.core.v1.ConfigMap(
            f"{name}-config",
            metadata={"name": "config", "namespace": home.namespace},
            data={"config.yaml": runner.configuration(actions)},
            opts=child,
        )
        timeout = pulumi.CustomTimeouts(create=f"{_START_SECONDS}s", update=f"{_START_SECONDS}s")
        self.ready = k8s.apps.v1.StatefulSet(
            name,
            metadata={"name": runner.NAME, "namespace": home.namespace, "annotations": dict(RELOADER_AUTO)},
            spec=runner.stateful_set(
                runner.Runner(
                    actions=actions,
                    host=args.settings.host,
                    config_map=config.metadata.name,
                    registration=_registration(f"{name}-registration", args, home, child),
                    ca_config_map=home.ca_bundle,
                    storage_class=args.storage_class,
                )
            ),
            # Gitea first, for there is nobody to register at; and no job may run before its network is closed.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.gitea, closed], custom_timeouts=timeout),
        )
        self.register_outputs({})


def _namespace(name: str, args: GiteaRunnerArgs, opts: pulumi.ResourceOptions) -> Namespace:
    return Namespace(
        name,
        NamespaceArgs(
            name=RUNNER_NAMESPACE,
            pod_security=PodSecurity.RESTRICTED,
            ca_certificate=args.ca_certificate,
            metrics_ports=(runner.METRICS_PORT,),
            among_themselves=False,
        ),
        opts,
    )


def _registration(
    name: str, args: GiteaRunnerArgs, namespace: Namespace, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    return ExternalSecret(
        name,
        ExternalSecretArgs(
            namespace=namespace,
            secret_name="registration",
            keys=[SecretKey("token", args.secrets[RUNNER_TOKEN], "token")],
            store_ready=args.store,
        ),
        opts,
    ).secret_name
