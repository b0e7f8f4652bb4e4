"""The whole stack file as one model, and where its hosts and nodes are asked for."""

from typing import Self

from pydantic import Field, model_validator

from settings import checks
from settings.gitea import Gitea
from settings.harbor import Harbor
from settings.identity import Identity
from settings.infrastructure import Charts, Cluster, Network, Proxmox, Storage, Talos
from settings.matrix import Matrix
from settings.platform import Certificates, Databases, GitOps, Rotation, Secrets, Vault
from settings.types import Strict


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
