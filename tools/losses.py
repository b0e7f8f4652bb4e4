"""What a destroy takes along and what it leaves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lib.names import SystemNamespace
from lib.secret_state import resources
from register.services import SERVICES
from settings.model import Settings
from stack_file.machines import VM
from tools import identity
from tools.cluster import Volume
from tools.state import State

_DATABASE = "kubernetes:postgresql.cnpg.io/v1:Database"
_CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
_NAMESPACE = "kubernetes:core/v1:Namespace"
_HELD = {
    SystemNamespace.VAULT: "its keys, and everything that people wrote into it",
    SystemNamespace.AUTHENTIK: "passwords, second factors and sessions of people",
}
_HANDLE_PARTS = 4
"""Region, host, storage and disk: a handle of another driver than that of Proxmox has others."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What stands.

    Attributes:
        volumes: Of CSI drivers; empty where nobody could be asked.
        strangers: Objects of others in namespaces of the program.
        abandoned: Custom resources of others that only an operator of the program can remove.
        unknown: Why the cluster says nothing of itself; empty where it does.
        keeps_identity: Whether generated keys and secrets stay in the state.
    """

    state: State
    settings: Settings
    volumes: Sequence[Volume] = ()
    strangers: Sequence[str] = ()
    abandoned: Sequence[str] = ()
    unknown: str = ""
    keeps_identity: bool = False

    def lost(self) -> Iterator[str]:
        """What nobody has afterwards, a line each."""
        machines = ([_at(one, "inputs", key) for key in ("name", "vmId", "nodeName")] for one in self._of(VM))
        yield from _listed("machines", (f"{name} (VM {number} on {host})" for name, number, host in machines))
        yield from _listed("databases", (_at(one, "outputs", "spec", "name") for one in self._of(_DATABASE)))
        held = {str(name): text for name, text in _HELD.items()} | {one.namespace: one.holds for one in SERVICES}
        yield from (f"{name}: {text}" for name, text in held.items() if name in self.namespaces and text)
        if self.settings.dns.zones and SystemNamespace.DNS in self.namespaces:
            yield f"zones, for which nobody answers: {', '.join(self.settings.dns.zones)}"
        certificates = list(self._of(_CERTIFICATE))
        kept = f"; those of {self.settings.certificates.issuer} are kept in the file of the stack"
        if certificates:
            yield f"certificates: {len(certificates)}{kept if self.settings.certificates.acme else ''}"
        if not self.keeps_identity and (generated := identity.generated(self.state)):
            yield f"generated keys and secrets: {len(generated)}, among them the CA that browsers trust"
        yield from (f"volume {_described(one)}" for one in self.deleted)
        yield from (f"{one}: it goes with its namespace" for one in self.strangers)
        yield from (f"{one}: nobody removes that once its operator is gone; delete it before" for one in self.abandoned)

    def stays(self) -> Iterator[str]:
        """What is there afterwards, a line each."""
        if self.keeps_identity and (generated := identity.generated(self.state)):
            yield f"generated keys and secrets, in the state: {len(generated)}"
        own = (one for one in self.volumes if one not in self.deleted)
        yield from (f"volume {_described(one)}{_removal(one)}" for one in own if self._goes(one))
        if self.settings.cluster.existing is not None:
            yield "the cluster, and the definitions of custom resources in it (docs/runbooks/crds.md)"

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Those of the program."""
        return frozenset(_at(one, "outputs", "metadata", "name") for one in self._of(_NAMESPACE))

    @property
    def deleted(self) -> list[Volume]:
        """Volumes that the CSI driver deletes with their claims, and those with the namespaces."""
        return [one for one in self.volumes if one.policy == "Delete" and self._claimed(one)]

    def _claimed(self, volume: Volume) -> bool:
        return volume.claim.partition("/")[0] in self.namespaces

    def _goes(self, volume: Volume) -> bool:
        """Whether its cluster or its claim goes."""
        return self.settings.cluster.existing is None or self._claimed(volume)

    def _of(self, kind: str) -> Iterator[Mapping[str, Any]]:
        return (one for one in resources(self.state) if one["type"] == kind and not one.get("delete"))


def _at(resource: Mapping[str, Any], *path: str) -> str:
    """The text at a path; empty where an operation that was cut off left less."""
    found: Any = resource
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return "" if found is None else str(found)


def _listed(what: str, names: Iterator[str]) -> Iterator[str]:
    if found := sorted(filter(None, names)):
        yield f"{what}: {', '.join(found)}"


def _described(volume: Volume) -> str:
    return f"{volume.handle} ({volume.size}, {volume.policy}) of claim {volume.claim}"


def _removal(volume: Volume) -> str:
    """How it is deleted where it lies."""
    parts = volume.handle.split("/")
    return f"; to delete it, on {parts[1]}: pvesm free {parts[2]}:{parts[3]}" if len(parts) == _HANDLE_PARTS else ""
