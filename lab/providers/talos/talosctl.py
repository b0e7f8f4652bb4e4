"""`talosctl` on the machine that deploys: its version, and the upgrade of one node.

Flags and order of an upgrade are those of siderolabs/talos v1.13.7 (cmd/talosctl/cmd/talos/upgrade.go): the image is
installed, the node is cordoned and drained, it reboots, and pods may come back. Nobody looks at etcd. A drain that does
not end leaves the node cordoned, as it stands there. Hosts are taken by pkg/machinery/compatibility/talos113.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from lab.providers.errors import RefusedError
from lab.providers.talos import nodes
from lab.providers.talos.images import SCHEMATICS
from lab.providers.talos.secrets import trust
from lab.scripts.files import Files
from lab.site import Site
from lab.world import Record

VERSION: Final = "talos/talosctl"
"""Which one is on PATH, under `version`; v1.13.7 unless told, none where that is empty."""

_IMAGE: Final = re.compile(
    r"[\w.-]+/nocloud-installer(?:-secureboot)?/(?P<schematic>[0-9a-f]{64}):(?P<release>v\d+\.\d+\.\d+)"
)
_OLDEST_HOST: Final = 2
"""Minor releases between a host and what it can be upgraded to."""


def version(site: Site) -> str:
    """Of the one on PATH."""
    return str((site.world.get(VERSION, "installed") or {"version": "v1.13.7"})["version"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--talosconfig")
    parser.add_argument("--nodes")
    upgrade = parser.add_subparsers(dest="verb", required=True).add_parser("upgrade", exit_on_error=False)
    upgrade.add_argument("--image", required=True)
    upgrade.add_argument("--drain", choices=("true", "false"), default="true")
    for flag in "--drain-timeout", "--timeout":
        upgrade.add_argument(flag)
    upgrade.add_argument("--wait", action="store_true")
    upgrade.add_argument("--progress", choices=("auto", "plain"))
    return parser


@dataclass(frozen=True)
class Talosctl:
    """The program, with the files of whoever starts it."""

    site: Site
    files: Files

    def run(self, words: Sequence[str]) -> tuple[int, str]:
        """Exit code and what it prints."""
        if list(words) == ["version", "--client", "--short"]:
            return 0, f"Client:\nTalos {version(self.site)}\n"
        try:
            self._upgrade(_parser().parse_args(list(words)))
        except (argparse.ArgumentError, RefusedError) as error:
            return 1, f"{error}\n"
        return 0, "upgrade completed\n"

    def _upgrade(self, given: argparse.Namespace) -> None:
        node = self._reached(given.nodes)
        context = self._context(given.talosconfig, node["config"])
        (endpoint,) = context["endpoints"]
        if not nodes.server_of(self._reached(endpoint)) and given.drain == "true":
            raise RefusedError("error creating Kubernetes client for drain: kubeconfig is available on control planes")
        image = _IMAGE.fullmatch(given.image)
        if image is None or self.site.world.get(SCHEMATICS, image["schematic"]) is None:
            raise RefusedError(f"error pulling upgrade image: {given.image}: not found")
        old, new = (int(release.split(".")[1]) for release in (node["image"]["release"], image["release"]))
        if new - old > _OLDEST_HOST:
            raise RefusedError(f"host version {node['image']['release']} is too old to upgrade to {image['release']}")
        if given.drain == "true":
            self._put(given.nodes, cordoned=True)
            if why := self.site.faults.find("refuse", ("Drain",), (node["name"],)):
                raise RefusedError(f"error draining node: {why}")
        nodes.take_down(self.site.world, given.nodes, "upgrade")
        self._put(given.nodes, image=image.groupdict())
        if not nodes.bring_up(self.site, given.nodes):
            raise RefusedError(f"timed out waiting for {given.nodes} to reboot: no route to host")
        self._put(given.nodes, cordoned=False)

    def _put(self, address: str, **changes: Any) -> None:
        world = self.site.world
        world.put(nodes.NODES, address, {**(world.get(nodes.NODES, address) or {}), **changes}, sealed=True)

    def _reached(self, address: str) -> Record:
        found = self.site.world.get(nodes.NODES, address)
        if found is None or found.get("down"):
            raise RefusedError(f"rpc error: code = Unavailable desc = dial tcp {address}:50000: no route to host")
        return found

    def _context(self, path: str, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """The context in use, whose client the node knows."""
        config = yaml.safe_load(self.files.read(path))
        context: Mapping[str, Any] = config["contexts"][config["context"]]
        trust(node, {"caCertificate": context["ca"]})
        return context
