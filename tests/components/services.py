"""What the tests of the services ask of the recorded program."""

import json

from stack_file.load import load_stack_file
from tests.support.engine import Recorded, Recording
from tests.support.objects import environment
from tests.support.program import STACK_FILE, record_program

RELEASE = "kubernetes:helm.sh/v3:Release"
EXTERNAL_SECRET = "kubernetes:external-secrets.io/v1:ExternalSecret"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
JOB = "kubernetes:batch/v1:Job"
SETTINGS = load_stack_file(STACK_FILE)


def program() -> Recording:
    """The whole program as an update, recorded once for a process."""
    return record_program(preview=False)


def external_secrets(namespace: str) -> dict[str, Recorded]:
    """Every ExternalSecret of a namespace by the name of its Secret."""
    found = program().of_type(EXTERNAL_SECRET)
    return {one.get("metadata", "name"): one for one in found if one.get("metadata", "namespace") == namespace}


def sources(external_secret: Recorded) -> dict[str, tuple[str, str]]:
    """Key of the Secret, or variable of its template -> (path in Vault, property)."""
    return {
        entry["secretKey"]: (entry["remoteRef"]["key"], entry["remoteRef"]["property"])
        for entry in external_secret.get("spec", "data")
    }


def template(external_secret: Recorded) -> dict[str, str]:
    """Text of each key of a composed Secret."""
    found: dict[str, str] = external_secret.get("spec", "target", "template", "data")
    return found


def checks(service: str) -> list[dict[str, str]]:
    """What the gate of a service asks."""
    found: list[dict[str, str]] = json.loads(environment(program().one(JOB, f"{service}-login"))["CHECKS"])
    return found
