"""Talos Image Factory: the id of a schematic, computed offline, and the names that follow from it."""

import hashlib
from dataclasses import dataclass
from typing import Self

import yaml

from settings.infrastructure import TalosSettings

PLATFORM = "nocloud"
"""Talos platform that takes its first address from the cloud-init drive of Proxmox."""


@dataclass(frozen=True, order=True)
class Schematic:
    """What is added to a plain Talos image."""

    extensions: tuple[str, ...]

    @classmethod
    def of(cls, *extensions: str) -> Self:
        """The one of these extensions, whose order means nothing, so that reordering them is no new image."""
        return cls(tuple(sorted(set(extensions))))

    @property
    def document(self) -> str:
        """The schematic in the canonical form that the factory hashes.

        That is Go's YAML of its struct: four spaces of indentation, empty fields left out, the order of the
        extensions kept (siderolabs/image-factory, pkg/schematic/schematic.go).
        """
        customization: dict[str, object] = {}
        if self.extensions:
            customization["systemExtensions"] = {"officialExtensions": list(self.extensions)}
        return yaml.dump(
            {"customization": customization}, Dumper=_GoStyle, indent=4, sort_keys=False, default_flow_style=False
        )

    @property
    def id(self) -> str:
        """SHA-256 of the document: what the factory answers when the schematic is uploaded."""
        return hashlib.sha256(self.document.encode()).hexdigest()

    @property
    def short_id(self) -> str:
        """What tells it from others in a name."""
        return self.id[:12]


class _GoStyle(yaml.SafeDumper):
    """Indents lists inside mappings, as Go's encoder does and PyYAML's does not."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)


def tag(version: str) -> str:
    """A Talos version as its release tag, `v1.13.7`."""
    return version if version.startswith("v") else f"v{version}"


@dataclass(frozen=True, order=True, kw_only=True)
class System:
    """What a node runs: the names of its images.

    Attributes:
        secure_boot: Whether the images are signed. Only they carry the key whose policy a TPM seals disk keys by
            (siderolabs/talos, internal/pkg/uki/uki.go, BuildSigned; internal/pkg/secureboot/tpm2/policy.go).
    """

    schematic: Schematic
    secure_boot: bool = False

    @property
    def short_id(self) -> str:
        """What tells it from others in a name."""
        return f"{self.schematic.short_id}{self._suffix}"

    def image_url(self, factory: str, schematic_id: str, version: str) -> str:
        """Where the factory serves the disk image, by the id that it gave.

        qcow2, because Proxmox imports it as it is; the default of this platform, raw.xz, it cannot open.
        """
        return f"https://{factory}/image/{schematic_id}/{tag(version)}/{PLATFORM}-amd64{self._suffix}.qcow2"

    def file_name(self, version: str) -> str:
        """File name on the Proxmox storage. It changes with every input, so no image is ever overwritten in place."""
        return f"talos-{tag(version)}-{self.schematic.short_id}-{PLATFORM}-amd64{self._suffix}.qcow2"

    def installer(self, factory: str, version: str) -> str:
        """Container image that installs or upgrades a node to the same system, extensions included.

        The installer is platform-specific (siderolabs/talos issue 10949).
        """
        return f"{factory}/{PLATFORM}-installer{self._suffix}/{self.schematic.id}:{tag(version)}"

    @property
    def _suffix(self) -> str:
        return "-secureboot" if self.secure_boot else ""


def systems(talos: TalosSettings) -> dict[str, System]:
    """What the nodes of each pool run, by the key of the pool."""
    return {
        key: System(schematic=Schematic.of(*talos.extensions, *pool.extensions), secure_boot=pool.encryption == "tpm")
        for key, pool in talos.pools.items()
    }


def verified(schematic_id: str, expected: Schematic) -> str:
    """`schematic_id` as the factory gave it.

    Raises:
        ValueError: when the factory hashes another document than this module, so that names would not fit.
    """
    if schematic_id != expected.id:
        raise ValueError(
            f"talos.extensions: the factory calls their schematic {schematic_id}, "
            f"components/talos/schematic.py computed {expected.id}; the factory's canonical form has changed, "
            "adapt Schematic.document"
        )
    return schematic_id
