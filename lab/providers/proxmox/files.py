"""`download.FileLegacy`: an image that Proxmox VE downloads, as bpg's provider checks it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from lab.providers import schema
from lab.providers.base import Call, CheckFailedError, Resource, Result
from lab.providers.errors import RefusedError
from lab.providers.talos.images import KNOWN
from lab.providers.wire import UNKNOWN, Properties

FILES: Final = "proxmox/files"

_FACTORY_IMAGE: Final = re.compile(r"https?://(?P<factory>[^/]+)/image/(?P<schematic>[0-9a-f]{64})/")


class ProxmoxResource(Resource):
    module: ClassVar[str] = "pulumi_proxmoxve"
    sealed: ClassVar[bool] = False

    def admit(self, call: Call, inputs: Properties) -> None:
        """The API is configured with a token; then what the type needs."""
        if not call.config.get("endpoint") or not call.config.get("apiToken"):
            raise RefusedError("no Proxmox VE endpoint and API token are configured")
        self.requirements(call, inputs)

    def requirements(self, call: Call, inputs: Properties) -> None:
        """Raise RefusedError when Proxmox VE would refuse these inputs."""


class FileLegacy(ProxmoxResource):
    """An image that Proxmox VE downloads from a URL."""

    token = "proxmoxve:download/fileLegacy:FileLegacy"
    table: ClassVar[str] = FILES
    replace_on = frozenset({"contentType", "datastoreId", "nodeName", "url", "fileName", "checksum"})

    def check(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """The SDK's types, then the provider's value checks."""
        inputs = super().check(call, olds, news)
        problems = []
        url, kind = inputs.get("url", UNKNOWN), inputs.get("contentType", UNKNOWN)
        if url is not UNKNOWN and not re.match(r"https?://.", str(url)):
            problems.append(schema.Problem("url", f"Attribute url must match regex `https?://.*`, got: {url}"))
        if kind is not UNKNOWN and kind not in ("iso", "vztmpl", "import"):
            problems.append(
                schema.Problem("contentType", f'value must be one of: ["iso" "vztmpl" "import"], got: {kind}')
            )
        if problems:
            raise CheckFailedError(problems)
        return inputs

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The factory knows the schematic; a leftover file is an error unless it may be overwritten."""
        found = _FACTORY_IMAGE.match(inputs["url"])
        if found and call.site.world.get(KNOWN, f"{found['factory']}/{found['schematic']}") is None:
            raise RefusedError(f"could not get file metadata: {inputs['url']}: 404 Not Found: unknown schematic")
        name = str(inputs.get("fileName") or inputs["url"])
        if inputs["contentType"] == "import" and not name.endswith((".qcow2", ".raw", ".vmdk", ".ova")):
            raise RefusedError(f"400 Parameter verification failed: filename {name!r}: wrong file extension")

    def create(self, call: Call, inputs: Properties) -> Result:
        """Download the file; one of that name may be overwritten when the inputs say so."""
        identifier = self.identify(call, inputs)
        if inputs.get("overwriteUnmanaged"):
            call.site.world.delete(FILES, self.key_of(identifier, inputs))
        self.admit(call, inputs)
        if call.site.world.get(FILES, self.key_of(identifier, inputs)) is not None:
            raise RefusedError(
                f"refusing to override existing file '{identifier.rpartition('/')[2]}': file already exists in the "
                "datastore and was not created by this resource; set `overwrite_unmanaged = true` to overwrite it"
            )
        outputs = {**inputs, "id": identifier, "size": 0}
        record = {"id": identifier, "token": self.token, "urn": call.urn, "inputs": inputs, "outputs": outputs}
        call.site.world.put(FILES, self.key_of(identifier, inputs), record)
        return Result(identifier, outputs)

    def identify(self, call: Call, inputs: Properties) -> str:
        """The volume id, `local:import/file.qcow2`."""
        name = inputs.get("fileName") or urlsplit(inputs["url"]).path.rpartition("/")[2]
        return f"{inputs['datastoreId']}:{inputs['contentType']}/{name}"

    @staticmethod
    def key_of(identifier: str, inputs: Mapping[str, Any]) -> str:
        """Files of one name can lie on every host."""
        return f"{inputs['nodeName']}|{identifier}"

    def read(self, call: Call, identifier: str, state: Properties, inputs: Properties) -> Result | None:
        """The file on its host, or None."""
        record = call.site.world.get(FILES, self.key_of(identifier, state))
        return Result(identifier, record["outputs"], record["inputs"]) if record else None

    def update(self, call: Call, identifier: str, olds: Properties, news: Properties) -> Result:
        """Options of the download changed; the file stays."""
        outputs = {**news, "id": identifier, "size": 0}
        record = {"id": identifier, "token": self.token, "urn": call.urn, "inputs": news, "outputs": outputs}
        call.site.world.put(FILES, self.key_of(identifier, news), record)
        return Result(identifier, outputs)

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Delete the file on its host."""
        call.site.world.delete(FILES, self.key_of(identifier, state))
