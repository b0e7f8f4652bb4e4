"""The checkout of a game day: a stack of its own, whose state knows the loopback for its cluster."""

import json
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from settings.model import Settings
from stack_file.load import load_stack_file
from tools.backups.state_bench import new_key
from tools.backups.store import ACCESS_KEY, BackupError
from tools.databases import s3
from tools.databases.s3 import S3Server
from tools.databases.site import BUCKET
from tools.game_day.command import ADDRESS
from tools.game_day.making import FOLDER, STACK
from tools.operate import LANGUAGE_HOST
from tools.state import Engine

ROOT = Path(__file__).resolve().parents[2]
_SHIPPED = ROOT / "Pulumi.test-cluster.yaml"
_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
_URN = f"urn:pulumi:{STACK}::home-cluster::{{}}"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The directory in which people work."""

    folder: Path

    @property
    def key(self) -> Path:
        """Private key of the backups."""
        return self.folder / "key.txt"

    @property
    def file(self) -> Path:
        """The stack file."""
        return self.folder / f"Pulumi.{STACK}.yaml"

    @property
    def environment(self) -> dict[str, str]:
        """Of the CLI."""
        return {
            "PULUMI_BACKEND_URL": f"file://{self.folder}/backend",
            "PULUMI_CONFIG_PASSPHRASE": "game-day",
            "PULUMI_HOME": str(self.folder / "home"),
        }

    @property
    def engine(self) -> Engine:
        """The CLI on its stack."""
        environment = {**os.environ, **self.environment}
        environment.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
        return Engine(ROOT / ".tools" / "pulumi", STACK, self.folder, environment=environment)

    def settings(self) -> Settings:
        """What the stack file says by now; raises ValueError."""
        return load_stack_file(self.file)


def empty(folder: Path) -> Ground:
    """A ground without a stack; whatever was there is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "backend").mkdir(parents=True)
    if not (ROOT / ".tools" / "pulumi").exists():
        raise BackupError(".tools/pulumi is not there: run `make setup`")
    for name in "Pulumi.yaml", "requirements.txt":
        shutil.copy(ROOT / name, folder)
    (folder / ".tools").symlink_to(ROOT / ".tools")
    return Ground(folder=folder)


def settle(ground: Ground, outside: S3Server) -> None:
    """Write the stack file, with backups in that server, and make the stack; raises StateError."""
    document = yaml.safe_load(_SHIPPED.read_text(encoding="utf-8"))
    document["config"]["home-cluster:cluster"]["name"] = STACK
    target = {"s3": {"endpoint": outside.endpoint.replace("localhost", "127.0.0.1"), "bucket": BUCKET}}
    document["config"]["home-cluster:backup"] = {"target": target, "recipients": [new_key(ground.key)]}
    ground.file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    engine = ground.engine
    engine.call("stack", "init")
    names = ("accessKeyId", "secretAccessKey")
    pair = json.dumps(dict(zip(names, (s3.ACCESS_KEY_ID, outside.secret_key), strict=True)))
    engine.call("config", "set", "--secret", ACCESS_KEY, pair)


def known(ground: Ground, server: str) -> None:
    """Have the state know the cluster that answers there."""
    salt = yaml.safe_load(ground.file.read_text(encoding="utf-8"))["encryptionsalt"]
    cluster = {"clusters": [{"name": STACK, "cluster": {"server": server}}]}
    user = {"users": [{"name": STACK, "user": {"token": "administrator"}}]}
    context = {"contexts": [{"name": STACK, "context": {"cluster": STACK, "user": STACK}}], "current-context": STACK}
    kubeconfig, talosconfig = _secret(yaml.safe_dump({**cluster, **user, **context})), _secret("context: home\n")
    stack: dict[str, Any] = {"type": "pulumi:pulumi:Stack", "custom": False, "outputs": {"talosconfig": talosconfig}}
    provider = {"type": "pulumi:providers:kubernetes", "custom": True, "id": "cluster", "inputs": {}}
    provider["inputs"] = {"kubeconfig": kubeconfig, "version": "4.0.0"}
    resources = [
        {"urn": _URN.format(f"{one['type']}::{name}"), **one} for name, one in (("home", stack), ("cluster", provider))
    ]
    secrets = {"type": "passphrase", "state": {"salt": salt}}
    ground.engine.put(
        {"version": 3, "deployment": {"manifest": {}, "secrets_providers": secrets, "resources": resources}}
    )


def _secret(text: str) -> dict[str, str]:
    return {**_SECRET, "plaintext": json.dumps(text)}


def write_commands(ground: Ground, address: str) -> None:
    """Stand-ins for the commands of the runbooks, and what a person's shell has to know.

    The language host is one of them: the CLI that was built for the tests has none, and here no program runs.
    """
    programs = ground.folder / "bin"
    programs.mkdir()
    for name in "kubectl", "talosctl", "make", LANGUAGE_HOST:
        module = ["tools.game_day.making"] if name == "make" else ["tools.game_day.command", name]
        line = shlex.join([sys.executable, "-m", *module])
        text = f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {line} "$@"\n'
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    (programs / "pulumi").symlink_to(ROOT / ".tools" / "pulumi")
    variables = {**ground.environment, ADDRESS: address, FOLDER: str(ground.folder)}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    path = f"export PATH={shlex.quote(str(programs))}:$PATH; unset PULUMI_CONFIG_PASSPHRASE_FILE"
    (ground.folder / "env").write_text("\n".join([*lines, path, ""]), encoding="utf-8")
