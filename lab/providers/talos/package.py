"""The `talos` package: its resource types and data sources."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

import pulumiverse_talos
import yaml
from pulumiverse_talos import client, cluster, machine

from lab.providers import schema
from lab.providers.base import Call, Resource
from lab.providers.errors import RefusedError
from lab.providers.kubernetes.cluster import CLUSTERS
from lab.providers.package import Function, Package
from lab.providers.talos import nodes
from lab.providers.talos.configuration import merge_patches
from lab.providers.talos.images import GetUrls, Schematic
from lab.providers.talos.machines import Bootstrap, ConfigurationApply, Kubeconfig, issued
from lab.providers.talos.secrets import Secrets
from lab.providers.wire import Properties

_TYPES: Final = ("controlplane", "worker")


def _check_nested(cls: type, value: Any, where: str) -> None:
    """Refuse a nested argument whose keys are not the provider's: the SDK translates nothing handed to it whole."""
    if not isinstance(value, Mapping):
        raise RefusedError(f"{where}: Missing Configuration for Required Attribute")
    problems = schema.problems(cls, value)
    if problems:
        raise RefusedError(f"{where}.{problems[0].path}: {problems[0].reason}")


class GetMachineConfiguration(Function):
    """The configuration of a node type, rendered locally."""

    token = "talos:machine/getConfiguration:getConfiguration"
    required = frozenset({"clusterName", "clusterEndpoint", "machineType", "machineSecrets"})
    optional = frozenset({"configPatches", "docs", "examples", "kubernetesVersion", "talosVersion"})

    def invoke(self, call: Call, arguments: Properties) -> Properties:
        """Render it; raises RefusedError naming the wrong argument."""
        _check_nested(machine.MachineSecretsArgs, arguments["machineSecrets"], "machine_secrets")
        endpoint = str(arguments["clusterEndpoint"])
        if not endpoint.startswith("https://") or ":" not in endpoint.removeprefix("https://"):
            raise RefusedError(f"cluster_endpoint: must be a valid URL with a port, got {endpoint!r}")
        if arguments["machineType"] not in _TYPES:
            raise RefusedError(f"machine_type: must be one of {', '.join(_TYPES)}, got {arguments['machineType']!r}")
        documents = merge_patches([_base(arguments)], arguments.get("configPatches") or [])
        text = yaml.safe_dump_all(documents, sort_keys=False)
        return {**arguments, "id": "machine_configuration", "machineConfiguration": text}


def _base(arguments: Mapping[str, Any]) -> Properties:
    """The generated configuration before any patch, as far as the lab's nodes look at it."""
    secrets = arguments["machineSecrets"]
    serves = arguments["machineType"] == "controlplane"
    issuer = {"crt": secrets["certs"]["k8s"]["cert"], **({"key": secrets["certs"]["k8s"]["key"]} if serves else {})}
    authority = secrets["certs"]["os"]
    kubernetes = str(arguments.get("kubernetesVersion", "1.36.0")).removeprefix("v")
    # So that load balancers leave control planes out (pkg/machinery/config/generate/controlplane.go).
    labels = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
    return {
        "version": "v1alpha1",
        "machine": {
            "type": arguments["machineType"],
            "token": secrets["trustdinfo"]["token"],
            "ca": {"crt": authority["cert"], **({"key": authority["key"]} if serves else {})},
            "kubelet": {"image": f"ghcr.io/siderolabs/kubelet:v{kubernetes}"},
            **({"nodeLabels": labels} if serves else {}),
        },
        "cluster": {
            "id": secrets["cluster"]["id"],
            "secret": secrets["cluster"]["secret"],
            "clusterName": arguments["clusterName"],
            "controlPlane": {"endpoint": arguments["clusterEndpoint"]},
            "token": secrets["secrets"]["bootstrapToken"],
            "ca": issuer,
        },
    }


class GetClientConfiguration(Function):
    """The configuration of talosctl."""

    token = "talos:client/getConfiguration:getConfiguration"
    required = frozenset({"clusterName", "clientConfiguration"})
    optional = frozenset({"nodes", "endpoints"})

    def invoke(self, call: Call, arguments: Properties) -> Properties:
        """Render it; raises RefusedError for keys the provider does not know."""
        parts = arguments["clientConfiguration"]
        _check_nested(client.GetConfigurationClientConfigurationArgs, parts, "client_configuration")
        context = {
            "endpoints": arguments.get("endpoints") or [],
            "nodes": arguments.get("nodes") or [],
            "ca": parts["caCertificate"],
            "crt": parts["clientCertificate"],
            "key": parts["clientKey"],
        }
        name = arguments["clusterName"]
        text = yaml.safe_dump({"context": name, "contexts": {name: context}}, sort_keys=False)
        return {**arguments, "id": name, "talosConfig": text}


class GetHealth(Function):
    """The health check of a bootstrapped cluster; once it passes, the Kubernetes API answers."""

    token = "talos:cluster/getHealth:getHealth"
    required = frozenset({"clientConfiguration", "controlPlaneNodes", "endpoints"})
    optional = frozenset({"workerNodes", "skipKubernetesChecks", "timeouts"})

    def invoke(self, call: Call, arguments: Properties) -> Properties:
        """Pass when a cluster was bootstrapped; nodes without a network plugin fail the Kubernetes checks."""
        world = call.site.world
        clusters = world.table(CLUSTERS)
        if not clusters:
            raise RefusedError(
                "cluster health check failed: waiting for etcd to be healthy: rpc error: code = Unavailable"
            )
        for server, record in clusters.items():
            if not arguments.get("skipKubernetesChecks") and not record["network"]:
                raise RefusedError(
                    "cluster health check failed: some nodes are not ready: container runtime network not ready"
                )
            world.put(CLUSTERS, server, {**record, "answers": True})
        return {**arguments, "id": "cluster_health"}


class GetKubeconfig(Function):
    """The administrator's kubeconfig, asked for without a resource."""

    token = "talos:cluster/getKubeconfig:getKubeconfig"
    required = frozenset({"node", "clientConfiguration"})
    optional = frozenset({"endpoint", "timeouts", "wait"})

    def invoke(self, call: Call, arguments: Properties) -> Properties:
        """A node that is up gives it."""
        _check_nested(
            cluster.GetKubeconfigClientConfigurationArgs, arguments["clientConfiguration"], "client_configuration"
        )
        if not nodes.bring_up(call.site, arguments["node"]):
            raise RefusedError(f"failed to retrieve kubeconfig: dial tcp {arguments['node']}:50000: i/o timeout")
        return {**arguments, "id": "kubeconfig", **issued(call, arguments)}


class TalosPackage(Package):
    """The package, with its configuration."""

    def check_config(self, config: Any) -> list[schema.Problem]:
        """Unknown properties."""
        return schema.unknown_keys(pulumiverse_talos.ProviderArgs, config)


def package() -> Package:
    """The package with its resource types and data sources."""
    kinds: tuple[Resource, ...] = (Schematic(), Secrets(), ConfigurationApply(), Bootstrap(), Kubeconfig())
    functions: tuple[Function, ...] = (
        GetUrls(),
        GetMachineConfiguration(),
        GetClientConfiguration(),
        GetHealth(),
        GetKubeconfig(),
    )
    return TalosPackage(
        "talos",
        "pulumiverse_talos",
        version("pulumiverse_talos"),
        {kind.token: kind for kind in kinds},
        {function.token: function for function in functions},
    )
