"""The Image Factory: schematics and the URLs of what is built from them."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import yaml

from lab.providers import schema
from lab.providers.base import Call, CheckFailedError, Resource
from lab.providers.errors import RefusedError
from lab.providers.package import Function
from lab.providers.wire import UNKNOWN, Properties

SCHEMATICS: Final = "talos/schematics"
KNOWN: Final = "talos/known"
"""`<factory>/<id>` of what each factory has seen."""
FACTORY: Final = "factory.talos.dev"

_KEYS: Final = frozenset({"overlay", "customization", "owner"})


class _FactoryDumper(yaml.SafeDumper):
    """Writes YAML as Go's encoder does: lists in mappings are indented."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def schematic_id(text: str) -> str:
    """The id the factory gives: SHA-256 of the document in its canonical form. Raises RefusedError."""
    try:
        document: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RefusedError(f"error creating schematic: 400 Bad Request: yaml: {error}") from None
    if not isinstance(document, dict) or not document.keys() <= _KEYS:
        raise RefusedError(
            "error creating schematic: 400 Bad Request: yaml: unmarshal errors: field not found in type schematic"
        )
    canonical = yaml.dump(document, Dumper=_FactoryDumper, indent=4, sort_keys=False, default_flow_style=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


class Schematic(Resource):
    """A schematic, uploaded."""

    token = "talos:imageFactory/schematic:Schematic"
    module: ClassVar[str] = "pulumiverse_talos"
    table: ClassVar[str] = SCHEMATICS
    sealed: ClassVar[bool] = False

    def check(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """The document must be YAML the factory understands."""
        inputs = super().check(call, olds, news)
        text = inputs.get("schematic", "customization: {}\n")
        if text is not UNKNOWN:
            try:
                schematic_id(text)
            except RefusedError as error:
                raise CheckFailedError([schema.Problem("schematic", str(error))]) from None
        return inputs

    def identify(self, call: Call, inputs: Properties) -> str:
        """The schematic's id."""
        return schematic_id(inputs.get("schematic", "customization: {}\n"))

    def taken(self, identifier: str) -> str:
        """Never said: `key` differs for each resource."""
        return identifier

    def admit(self, call: Call, inputs: Properties) -> None:
        """Uploading the same schematic twice is harmless; the factory of the provider's configuration knows it then."""
        identifier = self.identify(call, inputs)
        call.site.world.delete(SCHEMATICS, identifier)
        factory = urlsplit(call.config.get("imageFactoryUrl") or f"https://{FACTORY}").netloc
        call.site.world.put(KNOWN, f"{factory}/{identifier}", {"factory": factory})

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Nothing: the factory forgets no schematic."""


class GetUrls(Function):
    """URLs of the factory's artifacts; string building only."""

    token = "talos:imageFactory/getUrls:getUrls"
    required = frozenset({"talosVersion", "schematicId"})
    optional = frozenset({"architecture", "platform", "sbc"})

    def invoke(self, call: Call, arguments: Properties) -> Properties:
        """The URLs; exactly one of `platform` and `sbc` must be given."""
        if bool(arguments.get("platform")) == bool(arguments.get("sbc")):
            raise RefusedError("exactly one of platform and sbc must be set")
        identifier, version = arguments["schematicId"], arguments["talosVersion"]
        platform = arguments.get("platform") or f"metal-{arguments['sbc']}"
        stem = f"https://{FACTORY}/image/{identifier}/{version}/{platform}-{arguments.get('architecture', 'amd64')}"
        suffix = "raw.zst" if platform == "metal" else "raw.xz"
        urls = {
            "installer": f"{FACTORY}/{platform}-installer/{identifier}:{version}",
            "installerSecureboot": f"{FACTORY}/{platform}-installer-secureboot/{identifier}:{version}",
            "iso": f"{stem}.iso",
            "isoSecureboot": f"{stem}-secureboot.iso",
            "diskImage": f"{stem}.{suffix}",
            "diskImageSecureboot": f"{stem}-secureboot.{suffix}",
            "pxe": f"https://pxe.{FACTORY}/pxe/{identifier}/{version}/{platform}-amd64",
            **{name: f"{stem}-{name}" for name in ("kernel", "initramfs", "kernelCommandLine", "uki")},
        }
        return {**arguments, "architecture": arguments.get("architecture", "amd64"), "id": "urls", "urls": urls}
