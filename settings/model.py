"""The whole stack file as one model, and where its hosts and nodes are asked for."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import TypeVar

from pydantic import Field

from lib.kubernetes import LOAD_BALANCER_ADDRESS
from settings.backup import BackupSettings
from settings.chains import Chain
from settings.dns import DnsSettings, Side, absent
from settings.edge import EdgeSettings
from settings.identity import IdentitySettings
from settings.infrastructure import (
    ChartsSettings,
    ClusterSettings,
    NetworkSettings,
    StorageSettings,
    TalosSettings,
)
from settings.platform import (
    CertificatesSettings,
    DatabasesSettings,
    GitOpsSettings,
    MonitoringSettings,
    RotationSettings,
    SecretsSettings,
    VaultSettings,
)
from settings.proxmox import ProxmoxSettings
from settings.service import ServiceSection
from settings.types import Name, Strict

Section = TypeVar("Section", bound=ServiceSection)


class Settings(Strict):
    """One stack file, without the sections of its services, which `stack_file.model` adds by the register.

    `proxmox` and `talos` are absent exactly when `cluster.existing` is given.
    """

    cluster: ClusterSettings
    network: NetworkSettings
    proxmox: ProxmoxSettings | None = None
    talos: TalosSettings | None = None
    storage: StorageSettings
    certificates: CertificatesSettings = Field(default_factory=CertificatesSettings)
    dns: DnsSettings = Field(default_factory=absent)
    edge: EdgeSettings = Field(default_factory=EdgeSettings)
    charts: ChartsSettings = Field(default_factory=ChartsSettings)
    vault: VaultSettings
    databases: DatabasesSettings = Field(default_factory=DatabasesSettings)
    backup: BackupSettings | None = None
    monitoring: MonitoringSettings = Field(default_factory=MonitoringSettings)
    identity: IdentitySettings
    gitops: GitOpsSettings
    rotation: RotationSettings = Field(default_factory=RotationSettings)
    secrets: SecretsSettings = Field(default_factory=SecretsSettings)
    chains: dict[Name, Chain] = Field(
        default_factory=dict, description="What is brought up on the platform, in chains of stages (docs/chains.md)."
    )

    @property
    def services(self) -> Mapping[str, ServiceSection]:
        """The section of every service by its name, in the order of the register."""
        sections = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: section for name, section in sections if isinstance(section, ServiceSection)}

    @property
    def enabled_services(self) -> Mapping[str, ServiceSection]:
        """Those that are switched on."""
        return {name: section for name, section in self.services.items() if section.enabled}

    def section(self, kind: type[Section]) -> Section:
        """The section of one service, by its type."""
        return next(section for section in self.services.values() if isinstance(section, kind))

    @property
    def edge_workers(self) -> dict[str, IPv4Address]:
        """Nodes by which edge servers come in, with the address at which they reach each."""
        nodes = self.talos.workload_nodes if self.talos is not None else ()
        return dict(self.edge.workers) or {node.name: node.address for node in nodes}

    @property
    def unpublished(self) -> tuple[str, ...]:
        """Hosts that nobody reaches by edge servers."""
        return (self.vault.host,) if self.edge.unpublished is None else self.edge.unpublished

    @property
    def system_replicas(self) -> int:
        """Pods of what every other pod needs: two, unless they would share the only node."""
        return min(2, len(self.talos.workload_nodes)) if self.talos is not None else 2

    @property
    def admin_groups(self) -> tuple[str, ...]:
        """Groups whose members administer Vault, a service that is enabled, or the cluster."""
        named = [self.vault.admin_group] if self.vault.oidc else []
        named += [one.groups["adminGroup"] for one in self.enabled_services.values() if "adminGroup" in one.groups]
        roles = self.talos.cluster_roles if self.talos else {}
        named += [group for group, role in roles.items() if role == "cluster-admin"]
        return tuple(sorted(set(named)))

    @property
    def second_factor_groups(self) -> tuple[str, ...]:
        """Groups whose members cannot log in without a second factor."""
        factor = self.identity.second_factor
        required = self.admin_groups if factor.administrators == "required" else ()
        return tuple(sorted({*factor.groups, *required}))

    @property
    def own_hosts(self) -> dict[str, str]:
        """Every host that the platform takes for itself, by its key in the stack file."""
        found = {key if "." in key else f"{key}.host": host for key, host in self.hosts.items()}
        return found | {key: host for key, (host, _) in self.balanced_hosts.items()}

    @property
    def addresses(self) -> dict[str, IPv4Address]:
        """Where each name of the platform leads, in the cluster and in the DNS of the LAN."""
        balancers = self.network.load_balancers
        found = dict.fromkeys(self.resolved_names, balancers.ingress)
        return found | {host: getattr(balancers, address) for host, address in self.balanced_hosts.values()}

    def asking_for(self, address: IPv4Address) -> dict[str, str]:
        """Annotations by which a Service asks for this address of network.loadBalancers, where it can ask."""
        existing = self.cluster.existing
        annotation = LOAD_BALANCER_ADDRESS if existing is None else existing.address_annotation
        return {annotation: str(address)} if annotation is not None else {}

    @property
    def zones(self) -> dict[str, IPv4Address]:
        """Where pods ask for the names of each zone of the cluster's own."""
        address = self.network.load_balancers.dns
        return dict.fromkeys(self.dns.on(Side.LAN), address) if self.dns.enabled and address else {}

    @property
    def derived_hosts(self) -> frozenset[str]:
        """Keys of hosts that were left out and follow another one."""
        return frozenset(f"{name}.{key}" for name, section in self.services.items() for key in section.derived)

    @property
    def balanced_hosts(self) -> dict[str, tuple[str, str]]:
        """Names that lead to an address of network.loadBalancers, by stack-file key, with that address's attribute."""
        return {
            f"{name}.{key}": found
            for name, section in self.enabled_services.items()
            for key, found in section.balanced.items()
        }

    @property
    def resolved_names(self) -> tuple[str, ...]:
        """Names that resolve to the ingress inside the cluster: the hosts, and what services have delegated to it."""
        delegated = [name for section in self.enabled_services.values() for name in section.delegated.values()]
        return tuple(dict.fromkeys((*self.hosts.values(), *delegated)))

    @property
    def other_hosts(self) -> tuple[str, ...]:
        """Hosts of applications that the program knows by the stack file alone."""
        identity = self.identity
        applications = (one.host for one in identity.applications.values())
        return (*applications, *(one.host for one in identity.proxied.values()))

    @property
    def hosts(self) -> dict[str, str]:
        """Every host behind the ingress by its stack-file key, without `.host`; all resolve to the ingress address."""
        found = {"identity": self.identity.host, "vault": self.vault.host}
        for name, section in self.enabled_services.items():
            found |= {name if key == "host" else f"{name}.{key}": host for key, host in section.hosts.items()}
        return found
