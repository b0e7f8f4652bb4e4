"""The `vault` package: the resource types this project uses, each needing what Vault itself would need."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pulumi_vault

from lab.providers import schema
from lab.providers.base import Resource
from lab.providers.package import Package
from lab.providers.vault.auth import AuthBackend, JwtAuthBackend, JwtRole, KubernetesConfig, KubernetesRole
from lab.providers.vault.engines import Audit, Mount, Policy, SecretV2
from lab.providers.vault.identity import Group, GroupAlias
from lab.providers.vault.pki import KINDS as PKI


class VaultPackage(Package):
    """The `vault` package."""

    def check_config(self, config: Any) -> list[schema.Problem]:
        """Unknown properties, and an address without scheme."""
        found = schema.unknown_keys(pulumi_vault.ProviderArgs, config)
        address = config.get("address")
        if isinstance(address, str) and not address.startswith(("https://", "http://")):
            found.append(schema.Problem("address", f"unsupported protocol scheme in {address!r}"))
        return found


def package() -> Package:
    """The package with its resource types."""
    kinds: tuple[Resource, ...] = (
        *(Mount(), SecretV2(), Policy(), AuthBackend(), JwtAuthBackend(), KubernetesConfig(), KubernetesRole()),
        *(JwtRole(), Group(), GroupAlias(), Audit()),
        *PKI,
    )
    return VaultPackage("vault", "pulumi_vault", version("pulumi_vault"), {kind.token: kind for kind in kinds})
