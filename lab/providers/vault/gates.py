"""What the gates of Vault find: the answers to scripts/vault_*.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doubles.loopback import Reply, Request
from lab.providers.authentik import identity
from lab.providers.kubernetes.cluster import VAULTS, Cluster
from lab.providers.kubernetes.endpoints import Backend, UnreachableError, locate
from lab.providers.kubernetes.jobs import Container, Outcome
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


def respond(cluster: Cluster, backend: Backend, request: Request) -> Reply:
    """`/v1/sys/health` of the server of a release."""
    server = cluster.world.get(VAULTS, f"{backend.namespace}/{backend.name}")
    if server is None or request.path != "/v1/sys/health":
        return Reply(404, {"errors": []})
    code, text = health(server)
    return Reply(
        code, {"initialized": server["initialized"], "sealed": server["sealed"], "errors": [text] if text else []}
    )


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
