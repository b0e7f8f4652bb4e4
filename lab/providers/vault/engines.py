"""Secrets engines, what they hold, policies and audit devices.

Ids are those the provider gives (the path in Vault's API), as the import examples in its documentation show.
"""

from __future__ import annotations

import json

from lab.providers.base import Call
from lab.providers.errors import RefusedError
from lab.providers.vault import api
from lab.providers.vault.resource import POLICY, VaultResource
from lab.providers.wire import UNKNOWN, Properties


class Mount(VaultResource):
    """A secrets engine."""

    token = "vault:index/mount:Mount"
    repeatable = False

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
        call.site.world.put(api.WRITTEN, identifier, {"second": call.site.clock.now})
        return {**inputs, "path": identifier, "data": json.loads(inputs.get("dataJson") or "{}")}


class Policy(VaultResource):
    """An ACL policy."""

    token = POLICY
    autonamed = True
    replace_on = frozenset({"name"})

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The document parses."""
        try:
            api.parse_policy(inputs["policy"])
        except ValueError as error:
            raise RefusedError(
                f"error writing to Vault: Code: 400. Errors:\n\n* failed to parse policy: {error}"
            ) from None

    def identify(self, call: Call, inputs: Properties) -> str:
        """The name."""
        return str(inputs["name"])


class Audit(VaultResource):
    """An audit device."""

    token = "vault:index/audit:Audit"
    repeatable = False
    replace_on = frozenset({"type", "path", "options", "local", "description"})

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """The path is the type unless given."""
        return {"path": news.get("type", UNKNOWN), **news}

    def identify(self, call: Call, inputs: Properties) -> str:
        """The path below audit/."""
        return str(inputs["path"])

    def key(self, identifier: str) -> str:
        """Apart from secrets engines, which may have the same path."""
        return f"audit/{identifier}"
