"""What the sections of the services of phase 4 have in common."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field

from settings.types import Strict


class ServiceSection(Strict):
    """Section of a service that may be switched off. What a service has none of stays as it is here."""

    enabled: bool = Field(default=True, description="Whether the service is brought up.")
    keep_data: bool = Field(
        default=True,
        description="Whether its namespace with the volumes, and the keys of what is stored, stay while it is off; its "
        "database stays in any case.",
    )

    @property
    def kept(self) -> bool:
        """Whether what it stores has a place in the cluster."""
        return self.enabled or self.keep_data

    @property
    def hosts(self) -> Mapping[str, str]:
        """Hosts behind the ingress by their key below the section; `host` is where people find the service."""
        return {}

    @property
    def delegated(self) -> Mapping[str, str]:
        """Other names that lead to the ingress, by key below the section."""
        return {}

    @property
    def balanced(self) -> Mapping[str, tuple[str, str]]:
        """Names that lead to an address of network.loadBalancers: by key below the section, with that address's key."""
        return {}

    @property
    def derived(self) -> frozenset[str]:
        """Keys of hosts that were left out and follow another one."""
        return frozenset()

    @property
    def groups(self) -> Mapping[str, str]:
        """Groups that give a login or rights, by key below the section."""
        named = {"userGroup": "user_group", "adminGroup": "admin_group"}
        found = {key: getattr(self, attribute, None) for key, attribute in named.items()}
        return {key: group for key, group in found.items() if group is not None}

    @property
    def login_groups(self) -> tuple[str, ...]:
        """Groups whose members may log in."""
        return tuple(group for key, group in self.groups.items() if key == "userGroup")

    @property
    def volumes(self) -> Mapping[str, str]:
        """Size of each volume, by key below the section."""
        return {}

    @property
    def memory(self) -> Mapping[str, str]:
        """Memory of pods that the stack file sizes, by key below the section."""
        return {}

    @property
    def emails(self) -> Mapping[str, str]:
        """Addresses of accounts that no person has, by key below the section."""
        return {}

    @property
    def urls(self) -> Mapping[str, str]:
        """URLs that the service asks, by key below the section."""
        return {}

    def everything(self) -> Self:
        """The section with all that can be switched on."""
        return self.model_copy(update={"enabled": True})
