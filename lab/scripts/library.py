"""The standard library as a script in a container finds it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from types import ModuleType

from lab.scripts.clock import Clock
from lab.scripts.files import Files
from lab.scripts.network import Network
from lab.scripts.network import modules as network_modules
from lab.scripts.replaced import replaced


def modules(files: Files, environment: Mapping[str, str], clock: Clock, network: Network) -> dict[str, ModuleType]:
    """Name -> module, of those that touch the machine they run on."""
    return {
        **files.modules(),
        **clock.modules(),
        **network_modules(network, files, environment),
        "os": replaced(
            os,
            environ=dict(environment),
            path=replaced(os.path, "join", "basename", "dirname", ismount=lambda path: str(path) in files.volumes),
            fsync=lambda number: None,
            urandom=bytes,  # as good as random for whoever reads it again, and quicker
        ),
        "sys": replaced(sys, "exit", "version_info", stdout=None, stderr=None),
    }
