"""A recorded CronJob, carried out on this machine: its containers one after the other, with what they are given."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.backup.vault import NAME
from lib.names import CA_DIRECTORY
from tests.support.recording import Recording
from tools import real_programs, real_servers

CA_FILE, TOKEN_FILE, KEYS_FOLDER, RECIPIENTS_FILE = (
    f"{CA_DIRECTORY}/ca.crt",
    "/token/token",
    "/bundle/keys",
    "/script/recipients",
)


class StepFailedError(Exception):
    """A container ended with something else than 0; the message is what it said."""


def backed_up(program: Recording, folder: Path, given: Mapping[str, str], files: Mapping[str, str]) -> Path:
    """Run the steps of the backup of Vault; returns the directory that stands for the target.

    Args:
        given: Variables in place of those of the pod.
        files: Content of what is mounted, by its path in the pod, beside the scripts.
    """
    job = program.one("kubernetes:batch/v1:CronJob", NAME).get("spec", "jobTemplate", "spec", "template", "spec")
    texts = program.one("kubernetes:core/v1:ConfigMap", f"{NAME}-script").get("data")
    for path, content in ({f"/script/{name}": text for name, text in texts.items()} | dict(files)).items():
        (folder / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (folder / path.lstrip("/")).write_text(content, encoding="utf-8")
    target = folder / "target"
    target.mkdir(exist_ok=True)
    for place in (folder / "bundle", folder / "out"):
        place.mkdir(exist_ok=True)
        for left in place.glob("*.*"):  # a pod begins with empty ones
            left.unlink()
    for container in [*job["initContainers"], *job["containers"]]:
        _run(container, folder, {"TARGET": str(target), **given})
    return target


def _run(container: Mapping[str, Any], folder: Path, given: Mapping[str, str]) -> None:
    mounted = sorted((mount["mountPath"] for mount in container["volumeMounts"]), key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<![^\s]){re.escape(path)}(?=/|$)" for path in mounted))

    def here(text: str) -> str:
        return pattern.sub(lambda found: f"{folder}{found[0]}", text)

    variables = {one["name"]: here(one.get("value", "")) for one in container["env"]} | dict(given)
    binaries = [real_servers.find(one).binary.parent for one in (*real_programs.SUITES["backup"], real_programs.VAULT)]
    path = ":".join([*map(str, binaries), os.environ.get("PATH", os.defpath)])
    ended = subprocess.run(
        [here(part) for part in container["command"]],
        env={"PATH": path, "HOME": "/", **variables},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if ended.returncode:
        raise StepFailedError(f"{container['name']}: {ended.stdout}{ended.stderr}")
