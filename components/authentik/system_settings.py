"""System settings of Authentik: what holds for everybody and is no part of a blueprint."""

import json
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components.authentik.api import AuthentikApi
from components.authentik.blueprints import paths
from components.custom_resource import value_after
from components.script_job import ScriptJob, ScriptJobArgs
from lib.names import AUTHENTIK_IN_CLUSTER
from lib.pod_scripts import script

SETTINGS: Final[dict[str, Any]] = {
    # The default is `gravatar,initials`: a digest of everybody's address for a third party, and pictures from there.
    "avatars": "initials",
    # That an address counts as verified, and a name means one person, rests on these two (blueprints/users.py).
    "default_user_change_email": False,
    "default_user_change_username": False,
}
"""Fields of `admin/settings/` (SettingsSerializer in authentik/tenants/api/settings.py)."""
GATE_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class SystemSettingsArgs:
    """Whose settings they are."""

    api: AuthentikApi


class SystemSettings(pulumi.ComponentResource):
    """Creates:

    - `<name>-set`: ScriptJob that sets the fields of SETTINGS and reads them back, and does so again every hour.

    Attributes:
        ready: Gate: they are in force.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: SystemSettingsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:authentik/system_settings:SystemSettings", name, None, opts)
        api = args.api
        self.ready = ScriptJob(
            f"{name}-set",
            ScriptJobArgs(
                namespace=api.namespace.namespace,
                source=script("authentik_settings"),
                runbook="logins.md#authentiks-api-does-not-answer",
                environment={
                    "AUTHENTIK_URL": value_after(api.ready, AUTHENTIK_IN_CLUSTER),
                    "SETTINGS": json.dumps(SETTINGS),
                },
                secrets={"AUTHENTIK_TOKEN": (api.token_secret, paths.API_TOKEN)},
                proves=[api.version],
                seconds=GATE_SECONDS,
                again="37 * * * *",
            ),
            pulumi.ResourceOptions(parent=self),
        ).job
        self.register_outputs({})
