"""What the tests of Authentik ask of the recorded program."""

from typing import Any

from stack_file.load import load_stack_file
from tests.support.engine import Recorded
from tests.support.program import STACK_FILE

JOB, CONFIG_MAP = "kubernetes:batch/v1:Job", "kubernetes:core/v1:ConfigMap"
RELEASE, EXTERNAL_SECRET = "kubernetes:helm.sh/v3:Release", "kubernetes:external-secrets.io/v1:ExternalSecret"
ROW = "authentik:index/blueprint:Blueprint"
SETTINGS = load_stack_file(STACK_FILE)


def container(job: Recorded) -> dict[str, Any]:
    """The container of a Job."""
    found: dict[str, Any] = job.get("spec", "template", "spec", "containers", 0)
    return found


def mounted(job: Recorded) -> dict[str, dict[str, Any]]:
    """Mount path -> volume of a Job."""
    volumes = {volume["name"]: volume for volume in job.get("spec", "template", "spec", "volumes")}
    return {mount["mountPath"]: volumes[mount["name"]] for mount in container(job)["volumeMounts"]}


def worker_volumes(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Mount path -> volume of the worker."""
    named = {volume["name"]: volume for volume in values["worker"]["volumes"]}
    return {mount["mountPath"]: named[mount["name"]] for mount in values["worker"]["volumeMounts"]}
