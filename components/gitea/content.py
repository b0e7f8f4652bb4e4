"""The Job that makes accounts, organisations, teams and the repository of Flux what the stack file says."""

import json
from typing import Any

import pulumi

from components.gitea import repository
from components.gitea.declared import wanted
from components.gitea.names import FLUX
from components.gitea.settings import GiteaSettings
from components.helm import Release
from components.script_job import ScriptJobArgs
from components.service import ServiceArgs, ServiceParts
from lib.pod_scripts import script

_SECONDS = 600
_READER = "/reader"


def content_job(
    args: ServiceArgs, parts: ServiceParts, admin: pulumi.Input[str], serving: tuple[Release, pulumi.Resource]
) -> ScriptJobArgs:
    """What the Job is given: the account `admin`, once a release and the gate of its login are `serving`."""
    settings = args.settings.section(GiteaSettings)
    installed, login = serving
    return ScriptJobArgs(
        namespace=parts.namespace.namespace,
        source=script("gitea_content"),
        runbook="gitea.md#the-job-gitea-content",
        environment={
            "GITEA_URL": f"https://{settings.host}",
            "PEOPLE": json.dumps(list(args.settings.identity.members(settings.login_groups))),
            "ORGANISATIONS": wanted(settings),
            "REMOVED": json.dumps(list(settings.removed.organisations)),
            "REPOSITORY": repository.wanted(args.settings, _generation(args)),
            "READER": _READER,
        },
        secrets={"USERNAME": (admin, "username"), "PASSWORD": (admin, "password")},
        volumes=_reader(args, parts),
        ca_config_map=parts.ca_config_map,
        after=[login],  # Gitea answers on its host; and one gate after the other stands for both
        proves=[installed.digest],
        seconds=_SECONDS,
        again="23 * * * *",
    )


def _reader(args: ServiceArgs, parts: ServiceParts) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Volume with the password of the account that Flux reads its repository with, where that is one of this Gitea."""
    if repository.source(args.settings) is None:
        return []
    template: dict[str, pulumi.Input[str]] = {
        # What Flux reads for a repository over https (NewAuthOptions in fluxcd/pkg, git/options.go).
        "username": FLUX,
        "password": "{{ .password }}",
        "ca.crt": args.ca_certificate,
        "generation": str(_generation(args)),
    }
    name = parts.secret(repository.SECRET, {"password": (repository.SECRET_PATH, "password")}, template)
    files = [{"key": key, "path": key} for key in ("generation", "password")]
    volume = {"name": "reader", "secret": {"secretName": name, "items": files}}
    return [(volume, {"name": "reader", "mountPath": _READER, "readOnly": True})]


def _generation(args: ServiceArgs) -> int:
    """Of that password; the Job runs again with another one, as its variables have it."""
    if repository.source(args.settings) is None:
        return 0
    return args.secrets[repository.SECRET_PATH].declaration.generation
