"""What the gates of Vault find: the answers to lib/probes/vault_*.py."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from lab.providers.authentik import identity
from lab.providers.kubernetes.cluster import VAULTS, Cluster
from lab.providers.kubernetes.endpoints import Backend, UnreachableError, locate
from lab.providers.kubernetes.jobs import DONE, Container, Outcome
from lab.providers.vault import api
from lab.providers.vault.server import health


def _vault(cluster: Cluster, container: Container, address: str | None = None) -> Mapping[str, Any]:
    """The Vault at VAULT_ADDR, or at another address. Raises UnreachableError."""
    url = address or container.env["VAULT_ADDR"]
    backend: Backend = locate(cluster, url, container.namespace)
    server = cluster.world.get(VAULTS, f"{backend.namespace}/{backend.name}") if backend.chart == "vault" else None
    if server is None:
        raise UnreachableError(f"{url} is no Vault")
    return server


def unsealed(cluster: Cluster, container: Container) -> Outcome:
    """VAULT_ADDRS, KEYS_DIRECTORY and KEYS: the keys are stored and every server is unsealed."""
    files, directory = container.files(cluster), container.env["KEYS_DIRECTORY"]
    wanted = container.env["KEYS"].split(",")
    missing = [key for key in wanted if f"{directory}/{key}" not in files]
    if missing:
        return Outcome(waiting=f"the Secret has no {' and no '.join(missing)}")
    for address in container.env["VAULT_ADDRS"].split(","):
        try:
            code, text = health(_vault(cluster, container, address))
        except UnreachableError as error:
            return Outcome(waiting=f"{address}: {error}")
        if code != HTTPStatus.OK:
            return Outcome(waiting=f"{address}: {text}")
    return DONE


def login(cluster: Cluster, container: Container) -> Outcome:
    """VAULT_ADDR, MOUNT, ROLE, ISSUER, CLIENT_ID and REDIRECT_URIS: the role yields a URL of Authentik."""
    try:
        _vault(cluster, container)
    except UnreachableError as error:
        return Outcome(waiting=str(error))
    problem = _login_problem(cluster, container.env)
    problem = problem or identity.discovery_problem(cluster, container.env["ISSUER"], container.namespace) or ""
    return Outcome(waiting=problem)


def _login_problem(cluster: Cluster, env: Mapping[str, str]) -> str:
    """Why Vault makes no authorization URL of the wanted application; empty when it does."""
    mount = cluster.world.get(api.TABLE, f"auth/{env['MOUNT']}")
    role = cluster.world.get(api.TABLE, f"auth/{env['MOUNT']}/role/{env['ROLE']}")
    if mount is None or role is None:
        return f"Vault answers 400: role {env['ROLE']!r} could not be found"
    if mount["inputs"].get("oidcDiscoveryUrl", "").rstrip("/") != env["ISSUER"].rstrip("/"):
        return "Vault sends people to another issuer"
    if mount["inputs"].get("oidcClientId") != env["CLIENT_ID"]:
        return "the authorization URL has another client_id"
    allowed = role["inputs"].get("allowedRedirectUris") or []
    foreign = [uri for uri in env["REDIRECT_URIS"].splitlines() if uri and uri not in allowed]
    return f"Vault makes no URL for {foreign[0]}: the role does not allow it" if foreign else ""


def listening(cluster: Cluster, container: Container) -> Outcome:
    """VAULT_ADDR alone: any answer will do."""
    try:
        _vault(cluster, container)
    except UnreachableError as error:
        return Outcome(waiting=str(error))
    return DONE
