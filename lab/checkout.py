"""The stack as the lab runs it: a copy of the project and stack file, with the secrets a person would have set.

Nothing in the checkout changes but the working directory below `build/`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from stack_file.reading import Unreadable, read

ROOT: Final = Path(__file__).resolve().parent.parent

_PASSPHRASE: Final = "PULUMI_CONFIG_PASSPHRASE"


class LabError(Exception):
    """The lab cannot start; the message says why and what to do."""


@dataclass(frozen=True)
class Stack:
    """A stack that the lab may run.

    `root` holds the program, Pulumi.yaml and Pulumi.<name>.yaml; `workdir` is where everything the lab writes goes.
    """

    root: Path
    name: str
    workdir: Path

    @property
    def project(self) -> Path:
        """Copy of the project and stack file; the engine's working directory."""
        return self.workdir / "project"

    @property
    def backend(self) -> Path:
        """Directory of the local state backend."""
        return self.workdir / "backend"

    @property
    def world(self) -> Path:
        """Directory of the simulated world."""
        return self.workdir / "world"

    def state(self) -> dict[str, Any] | None:
        """The state that the last operation exported; None before the first."""
        file = self.workdir / "state.json"
        found: dict[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        return found

    @property
    def file(self) -> Path:
        """The stack file of the checkout."""
        return self.root / f"Pulumi.{self.name}.yaml"

    @property
    def project_name(self) -> str:
        """Name of the project in Pulumi.yaml."""
        return str(load_yaml(self.root / "Pulumi.yaml")["name"])


def load_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping of a file, as Pulumi reads it; raises LabError."""
    try:
        document = read(path).document
    except FileNotFoundError:
        raise LabError(f"{path}: no such file") from None
    except Unreadable as error:
        raise LabError(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise LabError(f"{path}: must be a mapping")
    return document


def prepare(stack: Stack) -> None:
    """Copy Pulumi.yaml and the stack file into the working directory.

    The copy keeps what the lab added to an earlier one: the salt of its encryption, and the secrets it made up. Secrets
    of the checkout's file are dropped: only the real stack's passphrase opens them.
    """
    if not stack.file.exists():
        raise LabError(
            f"{stack.file}: no such stack file; the stacks here are {', '.join(stacks(stack.root)) or 'none'}"
        )
    stack.project.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(stack.root / "Pulumi.yaml", stack.project / "Pulumi.yaml")
    copy = stack.project / stack.file.name
    document = load_yaml(stack.file)
    earlier = load_yaml(copy) if copy.exists() else {}
    config = {key: value for key, value in (document.get("config") or {}).items() if not is_secure(value)}
    config |= {key: value for key, value in (earlier.get("config") or {}).items() if is_secure(value)}
    kept = {key: earlier[key] for key in ("encryptionsalt",) if key in earlier}
    for name in _files(config):
        there = stack.project / name
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stack.root / name, there)
    copy.write_text(yaml.safe_dump({**kept, "config": config}, sort_keys=False), encoding="utf-8")


def _files(config: Mapping[str, Any]) -> Iterator[str]:
    """Files that stages of chains name, beside the stack file."""
    found = next((value for key, value in config.items() if key.rpartition(":")[2] == "chains"), None) or {}
    for chain in found.values():
        for stage in chain["stages"]:
            yield from stage.get("files") or ()


def is_secure(value: Any) -> bool:
    """Whether a configuration value is an encrypted one."""
    return isinstance(value, dict) and set(value) == {"secure"}


def stacks(root: Path) -> list[str]:
    """Names of the stack files of a checkout."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in root.glob("Pulumi.*.yaml"))


def _api_token() -> str:
    return f"pulumi@pve!lab={uuid.uuid4()}"


def _ssh_key() -> str:
    key = ed25519.Ed25519PrivateKey.generate()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


# What a person would type, by the name of the secret; anything else gets a random text.
_MADE_UP: Final[Mapping[str, Callable[[], str]]] = {
    "proxmoxApiToken": _api_token,
    "proxmoxCsiTokenSecret": lambda: str(uuid.uuid4()),
    "edgeSshKey": _ssh_key,
    "backupAccessKey": lambda: json.dumps(
        {"accessKeyId": secrets.token_hex(10), "secretAccessKey": secrets.token_hex(20)}
    ),
}


def made_up_secret(name: str) -> str:
    """A value of the form the secret has."""
    return _MADE_UP.get(name, lambda: secrets.token_hex(20))()


def missing_secrets(stack: Stack, required: list[str]) -> list[str]:
    """Those of the required secret keys that the copied stack file does not have."""
    config = load_yaml(stack.project / stack.file.name).get("config") or {}
    return [name for name in required if f"{stack.project_name}:{name}" not in config]


def passphrase(stack: Stack) -> str:
    """The passphrase of the lab's state: the user's, or one that is made once and kept in the working directory."""
    if os.environ.get(_PASSPHRASE):
        return os.environ[_PASSPHRASE]
    file = stack.workdir / "passphrase"
    if not file.exists():
        stack.workdir.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(24), encoding="utf-8")
    return file.read_text(encoding="utf-8")


def command_line(root: Path) -> str:
    """The pulumi CLI: the one `make setup` put into the checkout, else the one on PATH; raises LabError."""
    own = next((place / ".tools" / "pulumi" for place in (root, ROOT) if (place / ".tools" / "pulumi").exists()), None)
    found = str(own) if own else shutil.which("pulumi")
    if not found:
        raise LabError("there is no pulumi CLI in .tools and none on PATH; run `make setup`")
    return found
