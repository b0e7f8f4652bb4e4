"""The whole stack file as one model, and where its hosts and nodes are asked for."""

from ipaddress import IPv4Address
from typing import Self

from pydantic import Field, model_validator

from components.gitea.settings import Gitea
from components.harbor.settings import Harbor
from components.matrix.settings import Matrix
from settings.identity import Identity
from settings.infrastructure import Charts, Cluster, Network, Proxmox, Storage, Talos
from settings.platform import Certificates, Databases, GitOps, Rotation, Secrets, Vault
from settings.types import Strict
from stack_file.checks import every as checks


class Settings(Strict):
    """One stack file.

    `proxmox` and `talos` are absent exactly when `cluster.existing` is given.

    Raises:
        ValueError: one line per defect, each naming key, value, what it clashes with and the fix.
    """

    cluster: Cluster
    network: Network
    proxmox: Proxmox | None = None
    talos: Talos | None = None
    storage: Storage
    certificates: Certificates = Field(default_factory=Certificates)
    charts: Charts = Field(default_factory=Charts)
    vault: Vault
    databases: Databases = Field(default_factory=Databases)
    identity: Identity
    gitea: Gitea
    harbor: Harbor
    matrix: Matrix
    gitops: GitOps
    rotation: Rotation = Field(default_factory=Rotation)
    secrets: Secrets = Field(default_factory=Secrets)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [str(problem) for check in checks.ALL for problem in check(self)]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def admin_groups(self) -> tuple[str, ...]:
        """Groups whose members administer Vault, a service that is enabled, or the cluster."""
        services = [service for service in (self.gitea, self.harbor, self.matrix) if service.enabled]
        named = [*([self.vault.admin_group] if self.vault.oidc else []), *(one.admin_group for one in services)]
        roles = self.talos.cluster_roles if self.talos else {}
        named += [group for group, role in roles.items() if role == "cluster-admin"]
        return tuple(sorted({group for group in named if group is not None}))

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
        return found | ({"gitea.sshHost": self.gitea.ssh_name} if self.gitea.enabled else {})

    @property
    def addresses(self) -> dict[str, IPv4Address]:
        """Where each name of the platform leads, in the cluster and in the DNS of the LAN."""
        balancers = self.network.load_balancers
        found = dict.fromkeys(self.resolved_names, balancers.ingress)
        return found | ({self.gitea.ssh_name: balancers.git_ssh} if self.gitea.enabled else {})

    @property
    def resolved_names(self) -> tuple[str, ...]:
        """Names that resolve to the ingress inside the cluster: the hosts, and the domain of Matrix' user ids, where
        its clients and other servers look for the delegation.
        """
        server_name = (self.matrix.server_name,) if self.matrix.enabled else ()
        return tuple(dict.fromkeys((*self.hosts.values(), *server_name)))

    @property
    def hosts(self) -> dict[str, str]:
        """Host name of every enabled service by its stack-file key; all resolve to the ingress address."""
        found = {"identity": self.identity.host, "vault": self.vault.host}
        if self.gitea.enabled:
            found["gitea"] = self.gitea.host
        if self.harbor.enabled:
            found["harbor"] = self.harbor.host
        if self.matrix.enabled:
            found |= self.matrix.hosts
        return found
