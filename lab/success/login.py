"""Metrics of the one login: hosts, gates, people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from components.authentik.blueprints import paths
from components.vault.login import MOUNT
from declarations import login_checks, oidc
from declarations.forward_auth import proxied_applications
from declarations.login_checks import LoginCheck
from lab.providers.authentik import blueprints, identity
from lab.providers.kubernetes import pods
from lab.providers.kubernetes.cluster import RELEASES
from lab.providers.kubernetes.endpoints import UnreachableError, locate
from lab.success.evidence import Evidence, Gate, Metric, gates, proven
from lib.names import Namespace
from settings.identity import ServiceAccount, User

_USER, _GROUP = "authentik_core.user", "authentik_core.group"
_POLICY: Final = "authentik_policies_expression.expressionpolicy"


def hosts(evidence: Evidence) -> Metric:
    """Whether somebody answers on each host of the platform."""
    judged = {}
    for host in evidence.settings.resolved_names:
        try:
            locate(evidence.cluster, f"https://{host}/")
            judged[host] = ""
        except UnreachableError as error:
            judged[host] = str(error)
    return Metric(
        "every host answers", judged, "each name has an Ingress and a ready release behind it in the simulated cluster"
    )


def single_sign_on(evidence: Evidence) -> Metric:
    """Whether each application's issuer and each service's login was proven by a Job."""
    settings, cluster = evidence.settings, evidence.cluster
    judged = {
        f"issuer of {one.slug}": proven(
            cluster, {"ISSUER": one.issuer, "DISCOVERY_URL": one.discovery_url}, f"for {one.discovery_url}"
        )
        for one in oidc.applications(settings)
    }
    judged |= {f"login of {service}": _offered(evidence, checks) for service, checks in login_checks.enabled(settings)}
    if settings.vault.oidc:
        wanted = {"CLIENT_ID": oidc.vault(settings).client_id, "ISSUER": oidc.vault(settings).issuer, "MOUNT": MOUNT}
        judged["login of vault"] = proven(cluster, wanted, "Vault for a login")
    for behind in proxied_applications(settings):
        wanted = {"FORWARDED_HOST": behind.host, "AUTH_HOST": behind.auth_host}
        judged[f"login before {behind.slug}"] = proven(cluster, wanted, f"who gets to {behind.host}")
    return Metric(
        "single sign-on on every service",
        judged,
        "the Job of each login succeeded: the lab answered for its script, no login took place",
    )


def _offered(evidence: Evidence, checks: Sequence[LoginCheck]) -> str:
    def asks(gate: Gate) -> bool:
        return bool(json.loads(gate.variables.get("CHECKS", "null")) == list(checks))

    return next((gate.problem for gate in gates(evidence.cluster) if asks(gate)), "no Job asks what is declared")


def onboarding(evidence: Evidence) -> Metric:
    """Whether the configuration that each service runs on makes an account at a person's first login."""
    settings = evidence.settings
    judged = {}
    if settings.gitea.enabled:
        judged["gitea"] = _gitea(evidence.values(Namespace.GITEA, "gitea"))
    if settings.harbor.enabled:
        judged["harbor"] = _harbor(evidence)
    if settings.matrix.enabled:
        judged["matrix"] = _matrix(evidence.values(Namespace.MATRIX, "matrix"))
    return Metric(
        "users appear by themselves",
        judged,
        "read from the configuration in the cluster: it makes an account at the first login; nobody logged in",
    )


def _gitea(values: Mapping[str, Any]) -> str:
    config = (values.get("gitea") or {}).get("config") or {}
    wanted = {
        ("oauth2_client", "ENABLE_AUTO_REGISTRATION"): True,
        ("oauth2_client", "USERNAME"): "preferred_username",
        ("service", "DISABLE_REGISTRATION"): False,
        ("service", "ALLOW_ONLY_EXTERNAL_REGISTRATION"): True,
    }
    for (section, key), value in wanted.items():
        if (found := (config.get(section) or {}).get(key)) != value:
            return f"{section}.{key} is {found!r} and not {value!r}"
    return ""


def _harbor(evidence: Evidence) -> str:
    core = {"env": (evidence.values(Namespace.HARBOR, "harbor").get("core") or {}).get("extraEnvVars")}
    text = pods.environment(evidence.cluster, Namespace.HARBOR, core).get("CONFIG_OVERWRITE_JSON")
    if text is None:
        return "core gets no CONFIG_OVERWRITE_JSON"
    config = json.loads(text)
    for key, value in {"auth_mode": "oidc_auth", "oidc_auto_onboard": True, "oidc_groups_claim": "groups"}.items():
        if config.get(key) != value:
            return f"{key} is {config.get(key)!r} and not {value!r}"
    return ""


def _matrix(values: Mapping[str, Any]) -> str:
    parts = (values.get("matrixAuthenticationService") or {}).get("additional") or {}
    documents = [yaml.safe_load(part["config"]) for part in parts.values() if "config" in part]
    providers = [one for found in documents for one in (found.get("upstream_oauth2") or {}).get("providers") or []]
    if not providers:
        return "the authentication service knows no provider"
    for claims in (provider.get("claims_imports") or {} for provider in providers):
        localpart, silent = (claims.get("localpart") or {}).get("action"), claims.get("skip_confirmation")
        if localpart not in ("require", "force") or silent is not True:
            return f"a new person is asked: localpart is {localpart!r}, skip_confirmation {silent!r}"
    return ""


def people(evidence: Evidence) -> Metric:
    """Whether the people, groups and rights in Authentik are those of the stack file."""
    declared = evidence.settings.identity
    accounts: dict[str, User | ServiceAccount] = {**declared.users, **declared.service_accounts}
    entries, problem = _applied(evidence, paths.USERS)
    names = {entry.get("id"): entry["identifiers"].get("username") for entry in entries if entry["model"] == _USER}
    members = {
        entry["identifiers"]["name"]: {names.get(tag.value) for tag in (entry.get("attrs") or {}).get("users") or []}
        for entry in entries
        if entry["model"] == _GROUP
    }
    judged = {
        f"account {name}": "" if name in names.values() else problem or "is in no entry that was applied"
        for name in accounts
    }
    for group in declared.groups:
        wanted = {name for name, account in accounts.items() if group in account.groups}
        found = members.get(group)
        judged[f"group {group}"] = "" if found == wanted else problem or f"has {found} and not {wanted}"
    open_to = {one.slug: one.groups for one in oidc.applications(evidence.settings)}
    open_to |= {one.slug: one.groups for one in proxied_applications(evidence.settings)}
    judged |= {f"access to {slug}": _access(evidence, slug, groups) for slug, groups in open_to.items()}
    proof = "accounts, members of groups, who may log in where: texts of applied blueprints against the stack file"
    return Metric("users and permissions come from Git", judged, proof)


def _applied(evidence: Evidence, slug: str) -> tuple[list[Mapping[str, Any]], str]:
    """Entries of a blueprint that make something, and what is wrong; none unless this very text was applied."""
    cluster = evidence.cluster
    release = cluster.world.view(RELEASES).get(f"{Namespace.AUTHENTIK}/authentik")
    text = identity.file_of(cluster, release, paths.path(slug)) if release else None
    if text is None:
        return [], f"Authentik has no file {paths.path(slug)}"
    record = cluster.world.view(identity.APPLIED).get(paths.path(slug))
    if record is None or record["hash"] != blueprints.digest(text):
        return [], f"{paths.path(slug)} was not applied as it is"
    return [entry for entry in blueprints.parse(text)["entries"] if entry.get("state") != "absent"], ""


def _access(evidence: Evidence, slug: str, groups: Sequence[str]) -> str:
    entries, problem = _applied(evidence, slug)
    rules = [entry["attrs"]["expression"] for entry in entries if entry["model"] == _POLICY]
    wanted = f"groups = {sorted(groups)!r}"
    return problem or ("" if any(wanted in rule.splitlines() for rule in rules) else f"no applied rule says {wanted}")
