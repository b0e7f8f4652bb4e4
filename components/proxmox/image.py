"""The Talos images on every Proxmox host that runs a node."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_proxmoxve as pve
import pulumiverse_talos as talos

from components.talos.schematic import Schematic, System, systems, verified
from settings.infrastructure import TalosSettings

_DOWNLOAD_SECONDS = 1200


@dataclass(frozen=True, kw_only=True)
class TalosImageArgs:
    """Which image goes where.

    Attributes:
        talos: Version, extensions and pools; each Proxmox host gets the images of its nodes, each of them once.
        datastore: Storage of those hosts with the content type Import.
    """

    talos: TalosSettings
    datastore: str


class TalosImage(pulumi.ComponentResource):
    """Creates, for what most pools run:

    - `<name>-schematic`: the schematic in the Image Factory, which serves an id only once it has seen the document.
    - `<name>-<host>`: the downloaded image of each Proxmox host.

    And the same with `-<id>` behind the name for what a pool with other extensions or a TPM runs instead.

    Attributes:
        installers: Container image that installs the same system, by the key of the pool.
        files: Id of the file on a host (`<storage>:import/<file>`), by the key of the pool and the name of the host.
    """

    installers: Mapping[str, str]
    files: Mapping[tuple[str, str], pulumi.Output[str]]

    def __init__(self, name: str, args: TalosImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:proxmox/image:TalosImage", name, None, opts)
        self._name, self._args = name, args
        factory, pools = args.talos.factory, args.talos.pools
        self._common = System(schematic=Schematic.of(*args.talos.extensions))
        run = systems(args.talos)
        self.installers = {key: one.installer(factory, args.talos.version) for key, one in run.items()}
        schematics = {one: self._schematic(one) for one in sorted({one.schematic for one in run.values()})}
        wanted = sorted({(run[key], node.host) for key, pool in pools.items() for node in pool.nodes})
        downloads = {(one, host): self._download(one, host, schematics[one.schematic]).id for one, host in wanted}
        self.files = {
            (key, node.host): downloads[run[key], node.host] for key, pool in pools.items() for node in pool.nodes
        }
        self.register_outputs({"installers": self.installers})

    def _schematic(self, schematic: Schematic) -> talos.imagefactory.Schematic:
        suffix = "" if schematic == self._common.schematic else f"-{schematic.short_id}"
        return talos.imagefactory.Schematic(
            f"{self._name}-schematic{suffix}",
            schematic=schematic.document,
            # An update in place would keep the old id (pulumiverse/pulumi-talos issue 189).
            opts=pulumi.ResourceOptions(parent=self, replace_on_changes=["schematic"]),
        )

    def _download(self, system: System, host: str, schematic: talos.imagefactory.Schematic) -> pve.download.FileLegacy:
        settings = self._args.talos
        return pve.download.FileLegacy(
            f"{self._name}-{host}{'' if system == self._common else f'-{system.short_id}'}",
            node_name=host,
            datastore_id=self._args.datastore,
            content_type="import",
            url=schematic.id.apply(
                lambda found: system.image_url(settings.factory, verified(found, system.schematic), settings.version)
            ),
            file_name=system.file_name(settings.version),
            # The file never changes under its name; with True each refresh compares sizes over the network and
            # replaces the file when the factory is unreachable or repacked it.
            overwrite=False,
            # A file left over from an interrupted run is the same file.
            overwrite_unmanaged=True,
            upload_timeout=_DOWNLOAD_SECONDS,  # its own: the resource knows no `custom_timeouts`
            opts=pulumi.ResourceOptions(parent=self),
        )
