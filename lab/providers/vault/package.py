"""The `vault` package: the resource types this project uses, each needing what Vault itself would need.

Ids are those the provider gives (the path in Vault's API), as the import examples in its documentation show.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any, ClassVar

from lab.providers import schema
from lab.providers.authentik.identity import discovery_problem
from lab.providers.base import Call, Package, Resource, Result
from lab.providers.errors import RefusedError
from lab.providers.kubernetes.cluster import Cluster
from lab.providers.vault import api
from lab.providers.wire import UNKNOWN, Properties
from lab.world import Record

_BUILT_IN_POLICIES = frozenset({"default", "root"})


class VaultResource(Resource):
    """A resource type of the package; every call needs an unsealed Vault that takes the token."""

    module: ClassVar[str] = "pulumi_vault"
    table: ClassVar[str] = api.TABLE
    autonamed: ClassVar[bool] = False

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """A missing name is made up from the logical one, as the bridge does."""
        if not self.autonamed or news.get("name"):
            return news
        return {**news, "name": olds.get("name") or f"{call.name}-{(call.seed.hex() or call.digest())[:7]}"}

    def admit(self, call: Call, inputs: Properties) -> None:
        """Reach Vault, then check what the type needs."""
        api.require(call)
        self.requirements(call, inputs)

    def requirements(self, call: Call, inputs: Properties) -> None:
        """Raise RefusedError when Vault would refuse these inputs."""

    def read(self, call: Call, identifier: str, state: Properties, inputs: Properties) -> Result | None:
        """Read it from Vault, which has to answer."""
        api.require(call)
        return super().read(call, identifier, state, inputs)

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Delete it in Vault, which has to answer."""
        api.require(call)
        super().delete(call, identifier, state)

    def find(self, call: Call, key: str, *tokens: str) -> Record | None:
        """Another resource in Vault, by id and possible types."""
        record = call.site.world.get(api.TABLE, key)
        return record if record and (not tokens or record["token"] in tokens) else None


class Mount(VaultResource):
    """A secrets engine."""

    token = "vault:index/mount:Mount"

    def identify(self, call: Call, inputs: Properties) -> str:
        """The path."""
        return str(inputs["path"]).rstrip("/")

    def taken(self, identifier: str) -> str:
        """Vault's words."""
        return f"error writing to Vault: Code: 400. Errors:\n\n* path is already in use at {identifier}/"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """Adds the accessor."""
        return {**inputs, "accessor": f"{inputs['type']}_{call.digest()[:8]}"}


class SecretV2(VaultResource):
    """A secret of a KV v2 engine."""

    token = "vault:kv/secretV2:SecretV2"
    autonamed = True
    replace_on = frozenset({"mount", "name"})

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The engine exists and is KV version 2; the document is a JSON object."""
        mount = self.find(call, inputs["mount"], Mount.token)
        path = f"{inputs['mount']}/data/{inputs['name']}"
        if mount is None:
            raise RefusedError(f"error writing secret data to {path}: Code: 404. Errors:\n\n* no handler for route")
        kind, options = mount["inputs"]["type"], mount["inputs"].get("options") or {}
        if kind != "kv-v2" and not (kind == "kv" and options.get("version") == "2"):
            raise RefusedError(f"error writing secret data to {path}: Invalid path for a versioned K/V secrets engine")
        try:
            document = json.loads(inputs.get("dataJson") or "{}")
        except json.JSONDecodeError as error:
            raise RefusedError(f"dataJson is not valid JSON: {error}") from None
        if not isinstance(document, dict):
            raise RefusedError("dataJson must be a JSON object")

    def identify(self, call: Call, inputs: Properties) -> str:
        """The data path."""
        return f"{inputs['mount']}/data/{inputs['name']}"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """Adds path and decoded data."""
        return {**inputs, "path": identifier, "data": json.loads(inputs.get("dataJson") or "{}")}


class Policy(VaultResource):
    """An ACL policy."""

    token = "vault:index/policy:Policy"
    autonamed = True
    replace_on = frozenset({"name"})

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The document parses."""
        try:
            api.parse_policy(inputs["policy"])
        except ValueError as error:
            raise RefusedError(f"error writing to Vault: Code: 400. Errors:\n\n* failed to parse policy: {error}") from None

    def identify(self, call: Call, inputs: Properties) -> str:
        """The name."""
        return str(inputs["name"])


class AuthBackend(VaultResource):
    """An auth method."""

    token = "vault:index/authBackend:AuthBackend"
    replace_on = frozenset({"type", "local"})

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """The path is the type unless given."""
        return {"path": news.get("type", UNKNOWN), **news}

    def identify(self, call: Call, inputs: Properties) -> str:
        """The path below auth/."""
        return f"auth/{str(inputs['path']).rstrip('/')}"

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
        sources = [key for key in ("oidcDiscoveryUrl", "jwksUrl", "jwtValidationPubkeys", "jwksPairs") if inputs.get(key)]
        prefix = f"error updating configuration to Vault for path auth/{inputs['path']}/config: Code: 400. Errors:\n\n* "
        if len(sources) != 1:
            raise RefusedError(f"{prefix}exactly one of 'jwt_validation_pubkeys', 'jwks_url' or 'oidc_discovery_url' must be set")
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
                f"error writing to Vault: Code: 404. Errors:\n\n* no handler for route \"auth/{backend}\". "
                "route entry not found."
            )
        require_policies(self, call, inputs.get("tokenPolicies"))


def require_policies(resource: VaultResource, call: Call, names: Any) -> None:
    """Refuse policies nobody wrote; Vault itself would take them and give the token nothing."""
    for name in names or []:
        if name not in _BUILT_IN_POLICIES and resource.find(call, name, Policy.token) is None:
            raise RefusedError(f'policy "{name}" does not exist: the lab refuses what Vault would silently ignore')


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


class Group(VaultResource):
    """An identity group."""

    token = "vault:identity/group:Group"
    autonamed = True

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """Internal unless said."""
        return super().defaults(call, olds, {"type": "internal", **news})

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The policies exist."""
        require_policies(self, call, inputs.get("policies"))

    def identify(self, call: Call, inputs: Properties) -> str:
        """A fake UUID, stable for the name."""
        return f"group-{call.digest(str(inputs['name']))[:12]}"


class GroupAlias(VaultResource):
    """The name of an external group in an auth method."""

    token = "vault:identity/groupAlias:GroupAlias"

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The group exists and is external; the mount exists."""
        group = self.find(call, inputs["canonicalId"], Group.token)
        if group is None or group["inputs"]["type"] != "external":
            raise RefusedError("error creating IdentityGroupAlias: Code: 400. Errors:\n\n* alias can't be set on an internal group")
        accessors = [item["outputs"].get("accessor") for item in call.site.world.table(api.TABLE).values()]
        if inputs["mountAccessor"] not in accessors:
            raise RefusedError(f"Code: 400. Errors:\n\n* invalid mount accessor {inputs['mountAccessor']!r}")

    def identify(self, call: Call, inputs: Properties) -> str:
        """A fake UUID."""
        return f"alias-{call.digest(str(inputs['name']))[:12]}"


class Audit(VaultResource):
    """An audit device."""

    token = "vault:index/audit:Audit"
    replace_on = frozenset({"type", "path", "options", "local", "description"})

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """The path is the type unless given."""
        return {"path": news.get("type", UNKNOWN), **news}

    def identify(self, call: Call, inputs: Properties) -> str:
        """The path below audit/."""
        return f"audit/{inputs['path']}"


class VaultPackage(Package):
    """The `vault` package."""

    def check_config(self, config: Any) -> list[schema.Problem]:
        """Unknown properties, and an address without scheme."""
        import pulumi_vault

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
    )
    return VaultPackage("vault", "pulumi_vault", version("pulumi_vault"), {kind.token: kind for kind in kinds})
