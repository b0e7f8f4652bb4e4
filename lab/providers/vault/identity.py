"""Identity groups, and their names in auth methods."""

from __future__ import annotations

from lab.providers.base import Call
from lab.providers.errors import RefusedError
from lab.providers.vault import api
from lab.providers.vault.resource import VaultResource, require_policies
from lab.providers.wire import Properties


class Group(VaultResource):
    """An identity group."""

    token = "vault:identity/group:Group"
    repeatable = False
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
    repeatable = False

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The group exists and is external; the mount exists."""
        group = self.find(call, inputs["canonicalId"], Group.token)
        if group is None or group["inputs"]["type"] != "external":
            raise RefusedError(
                "error creating IdentityGroupAlias: Code: 400. Errors:\n\n* alias can't be set on an internal group"
            )
        accessors = [item["outputs"].get("accessor") for item in call.site.world.table(api.TABLE).values()]
        if inputs["mountAccessor"] not in accessors:
            raise RefusedError(f"Code: 400. Errors:\n\n* invalid mount accessor {inputs['mountAccessor']!r}")

    def identify(self, call: Call, inputs: Properties) -> str:
        """A fake UUID."""
        return f"alias-{call.digest(str(inputs['name']))[:12]}"
