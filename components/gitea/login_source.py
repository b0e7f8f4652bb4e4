"""The step before Gitea starts that makes its login source what declarations/oidc.py declares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.gitea.login import SOURCE as GITEA_SOURCE
from declarations.oidc import OidcApplication
from lib.images import GITEA
from lib.kubernetes import resources, restricted_container

SCRIPT = Path(__file__).parents[2] / "scripts" / "login_source.sh"

# Where the chart's containers find the configuration, which the command line tool needs too.
_PLACES: Mapping[str, str] = {
    "GITEA_APP_INI": "/data/gitea/conf/app.ini",
    "GITEA_CUSTOM": "/data/gitea",
    "GITEA_WORK_DIR": "/data",
    "GITEA_TEMP": "/tmp/gitea",  # noqa: S108 - inside the container
    "HOME": "/data/gitea/git",
}
# Five minutes: Authentik restarts within that, and so does what leads to it.
_PATIENCE: Mapping[str, str] = {"TRIES": "30", "PAUSE_SECONDS": "10", "APPLIED": "/data/gitea/login-source.sha256"}


@dataclass(frozen=True, kw_only=True)
class LoginSource:
    """Who may log in and how.

    Attributes:
        group_team_map: JSON of group -> organisation -> teams.
        client_secret: Entry of an environment: CLIENT_SECRET.
        trust: Entry of an environment that makes Go trust the cluster's CA.
        mounts: Volume mounts beside those of the chart's own steps.
    """

    application: OidcApplication
    user_group: str
    admin_group: str
    group_team_map: str
    client_secret: Mapping[str, Any]
    trust: Mapping[str, Any]
    mounts: Sequence[Mapping[str, Any]]


def container(source: LoginSource) -> dict[str, Any]:
    """An init container on the volumes `temp` and `data` of the chart. The script is part of the pod's template, so a
    new one restarts Gitea.
    """
    application = source.application
    plain = {
        **_PLACES,
        **_PATIENCE,
        "SOURCE": GITEA_SOURCE,
        "CLIENT_ID": application.client_id,
        "DISCOVERY_URL": application.discovery_url,
        "SCOPES": ",".join(application.scopes),
        "USER_GROUP": source.user_group,
        "ADMIN_GROUP": source.admin_group,
        "GROUP_TEAM_MAP": source.group_team_map,
    }
    return {
        "name": "login-source",
        "image": GITEA,
        "command": ["/bin/bash", "-c", SCRIPT.read_text(encoding="utf-8")],
        "env": [*({"name": name, "value": value} for name, value in plain.items()), source.trust, source.client_secret],
        "resources": resources("50m", "256Mi"),
        "securityContext": restricted_container(),
        "volumeMounts": [
            {"name": "temp", "mountPath": "/tmp"},  # noqa: S108 - inside the container
            {"name": "data", "mountPath": "/data"},
            *source.mounts,
        ],
    }
