"""cert-manager's issuers of kind vault: how they log in, and what that login may do.

The token has the audience `vault://<issuer>`, with the namespace before the name of a namespaced issuer, and the ones
that the issuer names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.providers.kubernetes import rbac
from lab.providers.kubernetes.cluster import RELEASES, VAULTS, Cluster
from lab.providers.kubernetes.endpoints import UnreachableError, locate
from lab.providers.vault import api
from lab.providers.vault.server import health

_LOGIN: Final = "/v1/auth/"
_OK: Final = 200


def problem(cluster: Cluster, issuer: Mapping[str, Any], namespace: str) -> str:
    """Why an issuer is not Ready; empty when it is. `namespace` holds its ServiceAccount."""
    spec = issuer["spec"]["vault"]
    auth = spec["auth"].get("kubernetes")
    if auth is None or "serviceAccountRef" not in auth:
        return "the lab knows Kubernetes auth with a serviceAccountRef only"
    refused = _no_token(cluster, auth["serviceAccountRef"]["name"], namespace)
    if refused:
        return f"Failed to initialize Vault client: while requesting a token for the service account: {refused}"
    if str(spec["server"]).startswith("https://") and not (spec.get("caBundle") or spec.get("caBundleSecretRef")):
        return "Failed to initialize Vault client: x509: certificate signed by unknown authority"
    try:
        return _refusal(cluster, issuer, _who(issuer, auth, namespace))
    except (UnreachableError, api.DeniedError) as error:
        return f"Failed to initialize Vault client: error calling Vault server: {error}"


def _refusal(cluster: Cluster, issuer: Mapping[str, Any], who: api.Login) -> str:
    """Why Vault would not sign for the login; empty when it would. Raises UnreachableError and DeniedError."""
    spec = issuer["spec"]["vault"]
    backend = locate(cluster, spec["server"], who.namespace)
    server = cluster.world.get(VAULTS, f"{backend.namespace}/{backend.name}") if backend.chart == "vault" else None
    code, text = health(server) if server else (404, "no Vault")
    if code != _OK:
        return f"Failed to verify Vault is initialized and unsealed: {text}"
    if not api.allows(api.login(cluster.world, who), spec["path"], "update"):
        return f"failed to sign certificate by vault: Code: 403: {spec['path']}: permission denied"
    return ""


def _no_token(cluster: Cluster, account: str, namespace: str) -> str:
    """Why cert-manager gets no token of the account."""
    if not cluster.exists("ServiceAccount", namespace, account):
        return f'serviceaccounts "{account}" not found'
    release = next(item for item in cluster.world.view(RELEASES).values() if item["chart"] == "cert-manager")
    controller = rbac.Account(release["namespace"], release["fullname"])
    if not rbac.may(cluster, controller, "create", "serviceaccounts/token", account):
        return f'serviceaccounts "{account}" is forbidden: cannot create resource "serviceaccounts/token"'
    return ""


def _who(issuer: Mapping[str, Any], auth: Mapping[str, Any], namespace: str) -> api.Login:
    metadata, reference = issuer["metadata"], auth["serviceAccountRef"]
    scope = f"{metadata['namespace']}/" if issuer["kind"] == "Issuer" else ""
    return api.Login(
        str(auth.get("mountPath", f"{_LOGIN}kubernetes")).removeprefix(_LOGIN),
        auth["role"],
        namespace,
        reference["name"],
        (*(reference.get("audiences") or ()), f"vault://{scope}{metadata['name']}", issuer["spec"]["vault"]["server"]),
    )
