"""Checks across sections: each yields every clash it finds, naming both offenders and the fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from settings import checks_databases as databases
from settings import checks_identity as identity
from settings import checks_machines as machines
from settings import checks_platform as platform
from settings.problem import Problem

if TYPE_CHECKING:
    from settings.model import Settings

__all__ = ["ALL", "Problem"]

ALL: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
    machines.machines_or_existing,
    machines.networks_are_apart,
    machines.addresses_are_in_the_node_network,
    machines.addresses_are_of_hosts,
    machines.addresses_are_used_once,
    machines.pool_holds_its_addresses_and_no_other,
    machines.service_network_holds_cluster_dns,
    machines.nodes_are_distinct,
    machines.control_planes_are_odd,
    machines.contract_is_not_newer_than_talos,
    machines.instances_have_nodes,
    databases.durability_has_instances,
    databases.memory_holds_the_connections,
    machines.vault_servers_have_nodes,
    platform.hosts_are_in_the_domain,
    platform.groups_are_declared,
    platform.administrators_may_log_in,
    platform.users_are_distinct,
    platform.charts_exist,
    identity.applications_redirect_to_themselves,
    identity.applications_admit_declared_groups,
    identity.service_accounts_are_no_people,
    identity.slugs_are_free,
    identity.application_hosts_are_their_own,
    identity.issuers_are_those_of_authentik,
    identity.application_namespaces_are_their_own,
    identity.removed_are_gone,
    identity.administrators_have_a_second_factor,
    identity.cluster_roles_fit_the_releases,
)
