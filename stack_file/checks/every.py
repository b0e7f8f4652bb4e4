"""Checks across sections: each yields every clash it finds, naming both offenders and the fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from components.gitea import checks as gitea
from components.harbor import checks as harbor
from components.matrix import checks as matrix
from settings.problem import Problem
from stack_file.checks import databases, identity, lists, logins, machines, pins, platform, sizes, urls

if TYPE_CHECKING:
    from settings.model import Settings

__all__ = ["ALL", "Problem"]

ALL: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
    machines.machines_or_existing,
    lists.lists_name_each_entry_once,
    machines.networks_are_apart,
    machines.networks_are_of_machines,
    machines.servers_answer_from_outside,
    machines.addresses_are_in_the_node_network,
    machines.addresses_are_of_hosts,
    machines.addresses_are_used_once,
    machines.pool_holds_its_addresses_and_no_other,
    sizes.pod_network_holds_the_nodes,
    sizes.volumes_have_a_size,
    sizes.pods_fit_on_a_node,
    sizes.service_network_has_a_size_that_kubernetes_takes,
    sizes.nodes_hold_the_pods,
    machines.nodes_are_distinct,
    machines.control_planes_are_odd,
    pins.talos_is_known_and_runs_its_kubernetes,
    pins.contract_fits_talos,
    machines.instances_have_nodes,
    databases.durability_has_instances,
    databases.memory_holds_the_connections,
    machines.vault_servers_have_nodes,
    platform.hosts_are_in_the_domain,
    platform.groups_are_declared,
    platform.administrators_may_log_in,
    platform.users_are_distinct,
    platform.services_take_the_names_of_their_people,
    pins.charts_exist,
    pins.charts_take_what_goes_with_them,
    identity.applications_redirect_to_themselves,
    identity.applications_admit_declared_groups,
    identity.service_accounts_are_no_people,
    logins.slugs_are_free,
    identity.application_hosts_are_their_own,
    logins.proxied_hosts_are_their_own,
    logins.proxied_admit_declared_groups,
    logins.removed_are_not_proxied,
    logins.tokens_belong_to_service_accounts,
    urls.urls_of_the_platform_have_a_listener,
    urls.the_endpoint_is_of_proxmox,
    identity.issuers_are_those_of_authentik,
    identity.application_namespaces_are_their_own,
    identity.removed_are_gone,
    identity.cluster_roles_fit_the_releases,
    gitea.organisation_names_are_free,
    gitea.administrators_of_teams_have_every_unit,
    gitea.organisations_admit_declared_groups,
    gitea.members_of_teams_may_log_in,
    gitea.removed_organisations_are_gone,
    gitea.nothing_needs_a_gitea_that_is_off,
    matrix.administrators_of_chat_may_log_in,
    matrix.administrators_have_an_interface,
    matrix.other_servers_trust_the_certificates,
    matrix.servers_are_named_for_federation,
    matrix.an_upload_fits,
    matrix.the_domain_of_user_ids_is_no_other_service,
    matrix.user_ids_are_of_the_domain,
    harbor.projects_have_members,
    harbor.members_may_log_in,
    harbor.retention_keeps_something,
    harbor.proxy_caches_have_a_registry,
    harbor.registries_are_others,
    harbor.robots_have_something_to_do,
    harbor.removed_content_is_gone,
    harbor.node_mirrors_are_public_proxy_caches,
    harbor.node_mirrors_have_nodes_and_a_registry,
)
