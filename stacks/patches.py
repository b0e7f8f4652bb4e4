"""Patches of the machine configuration that are for services which come up much later."""

from collections.abc import Sequence

import pulumi

from components.harbor.settings import HarborSettings
from components.kubernetes import login
from components.talos import api_access, authentication, metrics, registry
from components.talos.config import to_yaml, trusted_roots
from lib.names import SystemNamespace
from settings.infrastructure import TalosSettings
from settings.model import Settings


def of_nodes(settings: Settings, talos: TalosSettings, trusted: pulumi.Output[str]) -> Sequence[pulumi.Input[str]]:
    """Of every node: whom it trusts, and Harbor, by `trusted`, the PEM of who signs for the hosts."""
    patches: list[pulumi.Input[str]] = [*map(to_yaml, trusted_roots(talos.trusted_roots))]
    if settings.section(HarborSettings).enabled:
        patches.append(trusted.apply(lambda pem: registry.patch(settings, pem)))
    return patches


def of_control_planes(
    settings: Settings, talos: TalosSettings, trusted: pulumi.Output[str]
) -> Sequence[pulumi.Input[str]]:
    """Of a control plane: its metrics, who gets snapshots of etcd, and the login of people to the Kubernetes API."""
    served = [to_yaml(metrics.patch())] if settings.monitoring.enabled else []
    served += [to_yaml(api_access.patch(SystemNamespace.BACKUP))] if settings.backup is not None else []
    if not talos.cluster_roles:
        return served
    kubectl = login.application(settings)
    api_server = trusted.apply(lambda pem: authentication.api_server(kubectl, pem))
    return (*served, api_server, authentication.host(kubectl, settings.network.of_nodes))
