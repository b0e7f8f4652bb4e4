"""The Talos image on every Proxmox host that runs a node."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_proxmoxve as pve
import pulumiverse_talos as talos

from components.talos.schematic import Schematic, image_file_name, image_url, installer_image, verified
from settings.infrastructure import TalosSettings

_DOWNLOAD_SECONDS = 1200


@dataclass(frozen=True, kw_only=True)
class TalosImageArgs:
    """Which image goes where.

    Attributes:
        talos: Version, extensions and nodes; each Proxmox host that a node names gets the image once.
        datastore: Storage of those hosts with the content type Import.
    """

    talos: TalosSettings
    datastore: str


class TalosImage(pulumi.ComponentResource):
    """Creates:

    - `<name>-schematic`: the schematic in the Image Factory, which serves an id only once it has seen the document.
    - `<name>-<host>`: the downloaded image of each Proxmox host.

    Attributes:
        schematic_id: Id of the schematic, computed offline.
        installer: Container image that installs the same system.
        files: Id of the file on each host (`<storage>:import/<file>`), by the name of the host.
    """

    schematic_id: str
    installer: str
    files: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: TalosImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:proxmox/image:TalosImage", name, None, opts)
        settings = args.talos
        expected = Schematic(settings.extensions)
        self.schematic_id = expected.id
        self.installer = installer_image(settings.factory, expected.id, settings.version)
        schematic = talos.imagefactory.Schematic(
            f"{name}-schematic",
            schematic=expected.document,
            # An update in place would keep the old id (pulumiverse/pulumi-talos issue 189).
            opts=pulumi.ResourceOptions(parent=self, replace_on_changes=["schematic"]),
        )
        url = schematic.id.apply(
            lambda schematic_id: image_url(settings.factory, verified(schematic_id, expected), settings.version)
        )
        self.files = {
            host: self._download(f"{name}-{host}", host, args, url).id
            for host in sorted({node.host for node in settings.nodes})
        }
        self.register_outputs({"schematic_id": self.schematic_id, "installer": self.installer})

    def _download(self, name: str, host: str, args: TalosImageArgs, url: pulumi.Input[str]) -> pve.download.FileLegacy:
        return pve.download.FileLegacy(
            name,
            node_name=host,
            datastore_id=args.datastore,
            content_type="import",
            url=url,
            file_name=image_file_name(self.schematic_id, args.talos.version),
            # The file never changes under its name; with True each refresh compares sizes over the network and
            # replaces the file when the factory is unreachable or repacked it.
            overwrite=False,
            # A file left over from an interrupted run is the same file.
            overwrite_unmanaged=True,
            upload_timeout=_DOWNLOAD_SECONDS,  # its own: the resource knows no `custom_timeouts`
            opts=pulumi.ResourceOptions(parent=self),
        )
