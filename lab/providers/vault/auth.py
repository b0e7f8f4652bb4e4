"""Auth methods, their configuration and roles."""

from __future__ import annotations

from typing import ClassVar

from lab.providers.authentik.identity import discovery_problem
from lab.providers.base import Call
from lab.providers.errors import RefusedError
from lab.providers.kubernetes.cluster import Cluster
from lab.providers.vault.resource import VaultResource, require_policies
from lab.providers.wire import UNKNOWN, Properties


class AuthBackend(VaultResource):
    """An auth method."""

    token = "vault:index/authBackend:AuthBackend"
    repeatable = False
    replace_on = frozenset({"type", "local"})

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """The path is the type unless given."""
        return {"path": news.get("type", UNKNOWN), **news}

    def identify(self, call: Call, inputs: Properties) -> str:
        """The path below auth/."""
        return str(inputs["path"]).rstrip("/")

    def key(self, identifier: str) -> str:
        """Apart from secrets engines, which may have the same path."""
        return f"auth/{identifier}"

    def taken(self, identifier: str) -> str:
        """Vault's words."""
        return f"error writing to Vault: Code: 400. Errors:\n\n* path is already in use at {identifier}/"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """Adds the accessor."""
        return {**inputs, "accessor": f"auth_{inputs['type']}_{call.digest()[:8]}"}


class JwtAuthBackend(AuthBackend):
    """A JWT or OIDC auth method; Vault fetches the discovery document when it is configured."""

    token = "vault:jwt/authBackend:AuthBackend"

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """Type and path default to jwt."""
        return {"type": "jwt", "path": "jwt", **news}

    def requirements(self, call: Call, inputs: Properties) -> None:
        """One source of keys, which answers; OIDC also needs a client."""
        sources = [
            key for key in ("oidcDiscoveryUrl", "jwksUrl", "jwtValidationPubkeys", "jwksPairs") if inputs.get(key)
        ]
        prefix = (
            f"error updating configuration to Vault for path auth/{inputs['path']}/config: Code: 400. Errors:\n\n* "
        )
        if len(sources) != 1:
            raise RefusedError(
                f"{prefix}exactly one of 'jwt_validation_pubkeys', 'jwks_url' or 'oidc_discovery_url' must be set"
            )
        if inputs["type"] == "oidc" and not (inputs.get("oidcClientId") and inputs.get("oidcClientSecret")):
            raise RefusedError(f"{prefix}both 'oidc_client_id' and 'oidc_client_secret' must be set for OIDC")
        if inputs.get("oidcDiscoveryUrl"):
            problem = discovery_problem(Cluster(call.site), inputs["oidcDiscoveryUrl"])
            if problem:
                raise RefusedError(f"{prefix}error checking oidc discovery URL: {problem}")


class _MethodPart(VaultResource):
    """Something below an auth method of one type."""

    method: ClassVar[tuple[str, ...]]
    replace_on = frozenset({"backend", "roleName"})

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """The method's path is its type unless given."""
        return {"backend": self.method[0], **news}

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The method is enabled, and the policies exist."""
        backend = str(inputs["backend"]).removeprefix("auth/")
        method = self.find(call, f"auth/{backend}")
        if method is None or method["inputs"]["type"] not in self.method:
            raise RefusedError(
                f'error writing to Vault: Code: 404. Errors:\n\n* no handler for route "auth/{backend}". '
                "route entry not found."
            )
        require_policies(self, call, inputs.get("tokenPolicies"))


class KubernetesConfig(_MethodPart):
    """The configuration of the Kubernetes auth method."""

    token = "vault:kubernetes/authBackendConfig:AuthBackendConfig"
    method = ("kubernetes",)

    def identify(self, call: Call, inputs: Properties) -> str:
        """Its path."""
        return f"auth/{inputs['backend']}/config"


class KubernetesRole(_MethodPart):
    """A role of the Kubernetes auth method."""

    token = "vault:kubernetes/authBackendRole:AuthBackendRole"
    method = ("kubernetes",)

    def identify(self, call: Call, inputs: Properties) -> str:
        """Its path."""
        return f"auth/{inputs['backend']}/role/{inputs['roleName']}"


class JwtRole(_MethodPart):
    """A role of a JWT or OIDC auth method."""

    token = "vault:jwt/authBackendRole:AuthBackendRole"
    method = ("jwt", "oidc")

    def requirements(self, call: Call, inputs: Properties) -> None:
        """An OIDC role needs redirect URIs; a JWT role something that binds it."""
        super().requirements(call, inputs)
        kind = inputs.get("roleType", "oidc")
        if kind == "oidc" and not inputs.get("allowedRedirectUris"):
            raise RefusedError("'allowed_redirect_uris' must be set if 'role_type' is 'oidc' or unspecified.")
        bound = ("boundAudiences", "boundSubject", "boundClaims", "tokenBoundCidrs")
        if kind == "jwt" and not any(inputs.get(key) for key in bound):
            raise RefusedError("must have at least one bound constraint when creating/updating a role")

    def identify(self, call: Call, inputs: Properties) -> str:
        """Its path."""
        return f"auth/{inputs['backend']}/role/{inputs['roleName']}"
