"""What the resource types of the `vault` package have in common: every call needs an unsealed Vault."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from lab.providers.base import Call, Resource, Result
from lab.providers.errors import RefusedError
from lab.providers.vault import api
from lab.providers.wire import Properties
from lab.world import Record

POLICY: Final = "vault:index/policy:Policy"

_BUILT_IN_POLICIES = frozenset({"default", "root"})


class VaultResource(Resource):
    """A resource type of the package; every call needs an unsealed Vault that takes the token."""

    module: ClassVar[str] = "pulumi_vault"
    table: ClassVar[str] = api.TABLE
    # Vault takes the same write twice, but for what is enabled at a path, and groups.
    repeatable: ClassVar[bool] = True
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


def require_policies(resource: VaultResource, call: Call, names: Any) -> None:
    """Refuse policies nobody wrote; Vault itself would take them and give the token nothing."""
    for name in names or []:
        if name not in _BUILT_IN_POLICIES and resource.find(call, name, POLICY) is None:
            raise RefusedError(f'policy "{name}" does not exist: the lab refuses what Vault would silently ignore')
