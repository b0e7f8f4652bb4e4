"""What the program's probe Jobs find: each script of lib/probes, by the variables it documents.

The lab runs no script. It answers, from the simulated world, the question that the script asks; a probe it does not
know falls back to the URLs in its variables (see `jobs.reachable`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from lab.providers import gitea, harbor
from lab.providers.authentik import identity
from lab.providers.kubernetes import workloads
from lab.providers.kubernetes.cluster import CRDS, VAULTS, Cluster
from lab.providers.kubernetes.endpoints import Backend, UnreachableError, locate
from lab.providers.kubernetes.jobs import DONE, Behaviour, Container, Outcome
from lab.providers.kubernetes.kinds import Kind
from lab.providers.vault import api
from lab.providers.vault.server import health


def _has(container: Container, *names: str) -> bool:
    return all(name in container.env for name in names)


def _vault(cluster: Cluster, container: Container, address: str | None = None) -> Mapping[str, Any]:
    """The Vault at VAULT_ADDR, or at another address. Raises UnreachableError."""
    url = address or container.env["VAULT_ADDR"]
    backend: Backend = locate(cluster, url, container.namespace)
    server = cluster.world.get(VAULTS, f"{backend.namespace}/{backend.name}") if backend.chart == "vault" else None
    if server is None:
        raise UnreachableError(f"{url} is no Vault")
    return server


def vault_unsealed(cluster: Cluster, container: Container) -> Outcome | None:
    """VAULT_ADDRS, KEYS_DIRECTORY and KEYS: the keys are stored and every server is unsealed."""
    if not _has(container, "VAULT_ADDRS", "KEYS_DIRECTORY"):
        return None
    files, directory = container.files(cluster), container.env["KEYS_DIRECTORY"]
    wanted = container.env.get("KEYS", "vault-root,vault-unseal-0").split(",")
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


def vault_login(cluster: Cluster, container: Container) -> Outcome | None:
    """VAULT_ADDR, MOUNT, ROLE, ISSUER, CLIENT_ID and REDIRECT_URIS: the role yields a URL of Authentik."""
    if not _has(container, "VAULT_ADDR", "MOUNT", "ROLE", "ISSUER", "REDIRECT_URIS"):
        return None
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
    if mount["inputs"].get("oidcClientId") != env.get("CLIENT_ID"):
        return "the authorization URL has another client_id"
    allowed = role["inputs"].get("allowedRedirectUris") or []
    foreign = [uri for uri in env["REDIRECT_URIS"].splitlines() if uri and uri not in allowed]
    return f"Vault makes no URL for {foreign[0]}: the role does not allow it" if foreign else ""


def vault_listening(cluster: Cluster, container: Container) -> Outcome | None:
    """VAULT_ADDR alone: any answer will do."""
    if not _has(container, "VAULT_ADDR") or "python" not in str(container.words):
        return None
    try:
        _vault(cluster, container)
    except UnreachableError as error:
        return Outcome(waiting=str(error))
    return DONE


def authentik(cluster: Cluster, container: Container) -> Outcome | None:
    """AUTHENTIK_URL and the token, in AUTHENTIK_TOKEN or TOKEN_FILE with the wanted generation: the API takes it; with
    BLUEPRINT_PATH or BLUEPRINT_ID, see below.
    """
    env, files = container.env, container.files(cluster)
    token = files.get(env.get("TOKEN_FILE", ""), env.get("AUTHENTIK_TOKEN"))
    if "AUTHENTIK_URL" not in env or token is None:
        return None
    try:
        release = identity.server(cluster, container.env["AUTHENTIK_URL"], container.namespace)
    except UnreachableError as error:
        return Outcome(waiting=f"Authentik is not answering ({error})")
    fresh = "TOKEN_FILE" not in env or files.get(env["TOKEN_GENERATION_FILE"]) == env["TOKEN_GENERATION"]
    if not fresh or not identity.token_is_valid(cluster, release, token):
        return Outcome(waiting="the API refuses the token (403)")
    if "BLUEPRINT_ID" in container.env:
        return _apply(cluster, release, container)
    if "BLUEPRINT_PATH" in container.env:
        return _visible(cluster, release, container)
    return DONE


def _wanted_text(cluster: Cluster, container: Container) -> str | None:
    """The blueprint mounted into the probe, if it is the wanted version."""
    text = container.files(cluster).get(container.env["BLUEPRINT_FILE"])
    return text if text and hashlib.sha512(text.encode()).hexdigest() == container.env["BLUEPRINT_SHA512"] else None


def _visible(cluster: Cluster, release: Mapping[str, Any], container: Container) -> Outcome:
    """The worker sees the wanted version of BLUEPRINT_PATH."""
    path = container.env["BLUEPRINT_PATH"]
    seen, wanted = identity.file_of(cluster, release, path), _wanted_text(cluster, container)
    return DONE if seen is not None and seen == wanted else Outcome(waiting=f"the worker does not see {path} yet")


def _apply(cluster: Cluster, release: Mapping[str, Any], container: Container) -> Outcome:
    """The row BLUEPRINT_ID is applied, on the wanted text and the wanted generation of its secret."""
    row = cluster.world.get(identity.ROWS, container.env["BLUEPRINT_ID"])
    if row is None:
        return Outcome(waiting="Authentik answers 404; the row is gone, run a refresh")
    wanted, files, env = _wanted_text(cluster, container), container.files(cluster), container.env
    if wanted is None or identity.file_of(cluster, release, row["inputs"].get("path", "")) != wanted:
        return Outcome(waiting="the text mounted here is not the wanted one yet")
    if "SECRET_FILE" in env and files.get(env["SECRET_GENERATION_FILE"]) != env["SECRET_GENERATION"]:
        return Outcome(waiting="the secret mounted here is still another generation")
    status = identity.apply_row(cluster, release, row["inputs"])
    return DONE if status == "successful" else Outcome(waiting=f"the run ended with status {status}")


def discovery(cluster: Cluster, container: Container) -> Outcome | None:
    """ISSUER and DISCOVERY_URL: both are of one application that Authentik serves."""
    if not _has(container, "ISSUER", "DISCOVERY_URL"):
        return None
    for url in (container.env["ISSUER"], container.env["DISCOVERY_URL"]):
        problem = identity.discovery_problem(cluster, url, container.namespace)
        if problem:
            return Outcome(waiting=problem)
    return DONE


def forward_auth(cluster: Cluster, container: Container) -> Outcome | None:
    """FORWARD_AUTH_URL, FORWARDED_HOST and AUTH_HOST: the outpost sends people who ask for the host to its login."""
    if not _has(container, "FORWARD_AUTH_URL", "FORWARDED_HOST", "AUTH_HOST"):
        return None
    url, host, login = (container.env[name] for name in ("FORWARD_AUTH_URL", "FORWARDED_HOST", "AUTH_HOST"))
    return Outcome(waiting=identity.forward_auth_problem(cluster, url, host, login, container.namespace) or "")


def login_offered(cluster: Cluster, container: Container) -> Outcome | None:
    """CHECKS: every URL answers."""
    if "CHECKS" not in container.env:
        return None
    for check in json.loads(container.env["CHECKS"]):
        try:
            locate(cluster, check["url"], container.namespace)
        except UnreachableError as error:
            return Outcome(waiting=str(error))
    return DONE


def conditions(cluster: Cluster, container: Container) -> Outcome | None:
    """OBJECTS: every CustomResourceDefinition among them is served, every Deployment runs. Nodes are Ready."""
    if "OBJECTS" not in container.env:
        return None
    for path in (one.partition("=")[0] for one in container.env["OBJECTS"].split(",")):
        place, _, name = path.rpartition("/")
        reasons: list[str] = []
        if place.endswith("/customresourcedefinitions") and name not in _served(cluster):
            reasons = ["does not exist"]
        elif place.endswith("/deployments"):
            found = cluster.get("apps/Deployment", place.split("/")[-2], name)
            reasons = workloads.pod_reasons(cluster, found) if found else ["does not exist"]
        if reasons:
            return Outcome(waiting=f"{path}: {reasons[0]}")
    return DONE


def _served(cluster: Cluster) -> set[str]:
    """Names of the definitions, `plural.group`."""
    kinds = ((*key.rpartition("/"), one["versions"][0]) for key, one in cluster.world.view(CRDS).items())
    return {Kind(group, version, kind).qualified for group, _, kind, version in kinds}


PROBES: Final[tuple[Behaviour, ...]] = (
    vault_unsealed,
    vault_login,
    vault_listening,
    authentik,
    discovery,
    forward_auth,
    gitea.content,
    harbor.content,
    login_offered,
    conditions,
)
