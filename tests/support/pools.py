"""Settings with another pool of nodes."""

from typing import Any

from settings.infrastructure import TalosSettings
from settings.model import Settings
from settings.pools import NodePool


def talos_of(settings: Settings) -> TalosSettings:
    """Its section of Talos, which is there."""
    assert settings.talos is not None, "the stack file has machines"
    return settings.talos


def pool_of(settings: Settings, key: str) -> NodePool:
    """The pool under its key below `talos`."""
    return talos_of(settings).pools[key]


def with_pool(settings: Settings, key: str, **update: Any) -> Settings:
    """The settings with a changed pool."""
    talos, pool = talos_of(settings), pool_of(settings, key).model_copy(update=update)
    _, _, name = key.partition(".")
    changed: dict[str, Any] = {"workers": talos.workers | {name: pool}} if name else {"control_plane": pool}
    return settings.model_copy(update={"talos": talos.model_copy(update=changed)})
