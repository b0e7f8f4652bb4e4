"""The `proxmoxve` package: its configuration and resource types."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urlsplit

import pulumi_proxmoxve

from lab.providers import schema
from lab.providers.base import Resource
from lab.providers.package import Package
from lab.providers.proxmox.files import FileLegacy
from lab.providers.proxmox.machines import VmLegacy

_TOKEN: Final = re.compile(r"[^@!=\s]+@[^@!=\s]+![^@!=\s]+=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ProxmoxPackage(Package):
    """The package, with its configuration."""

    def check_config(self, config: Any) -> list[schema.Problem]:
        """The endpoint is a bare URL, the token `user@realm!tokenid=uuid`."""
        found = schema.unknown_keys(pulumi_proxmoxve.ProviderArgs, config)
        endpoint, token = config.get("endpoint"), config.get("apiToken")
        if isinstance(endpoint, str) and (not endpoint.startswith("https://") or urlsplit(endpoint).path.strip("/")):
            found.append(schema.Problem("endpoint", f"expected a bare https URL without /api2/json, got {endpoint!r}"))
        if isinstance(token, str) and not _TOKEN.fullmatch(token):
            found.append(schema.Problem("apiToken", "the API token must be of the form `USER@REALM!TOKENID=UUID`"))
        return found


def package() -> Package:
    """The package with its resource types."""
    kinds: tuple[Resource, ...] = (FileLegacy(), VmLegacy())
    return ProxmoxPackage("proxmoxve", "pulumi_proxmoxve", version("pulumi_proxmoxve"), {k.token: k for k in kinds})
