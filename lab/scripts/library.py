"""The standard library as a script in a container finds it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from lab.scripts.clock import Clock
from lab.scripts.files import Files
from lab.scripts.network import Network
from lab.scripts.network import modules as network_modules
from lab.scripts.replaced import replaced

Program = Callable[[Files, Sequence[str]], tuple[int, str]]
"""Takes its arguments; gives its exit code and what it prints."""


def modules(
    files: Files, environment: Mapping[str, str], clock: Clock, network: Network, programs: Mapping[str, Program] | None
) -> dict[str, ModuleType]:
    """Name -> module, of those that touch the machine they run on; a pod starts no `programs`."""
    return {
        **({} if programs is None else _starting(programs, files)),
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


def _starting(programs: Mapping[str, Program], files: Files) -> dict[str, ModuleType]:
    """What finds and starts programs."""

    def started(command: Sequence[str], **_: Any) -> subprocess.CompletedProcess[str]:
        code, printed = programs[command[0]](files, command[1:])
        return subprocess.CompletedProcess(command, code, printed, "")

    return {
        "shutil": replaced(shutil, which=lambda name: name if name in programs else None),
        "subprocess": replaced(subprocess, "PIPE", "STDOUT", run=started),
    }
