"""The values of the Matrix stack as the tests build them."""

from typing import Any

from components.matrix.login import UPSTREAM_ID as MATRIX_UPSTREAM_ID
from components.matrix.settings import MatrixSettings
from components.matrix.values import MatrixSecrets, MatrixValues, values
from declarations.oidc import OidcApplication

APPLICATION = OidcApplication(
    slug="matrix",
    name="Matrix",
    auth_host="auth.example.com",
    launch_url="https://chat.example.com/",
    redirect_uris=(f"https://account.example.com/upstream/callback/{MATRIX_UPSTREAM_ID}",),
    groups=("matrix-users",),
)
SECRETS = MatrixSecrets(
    synapse_database="synapse-database",
    mas_database="mas-database",
    synapse="synapse",
    mas="mas",
    shared="mas-shared",
    oidc="oidc",
    sessions="sessions",
    tls="tls",
)


SETTINGS = MatrixSettings(
    host="chat.example.com",
    server_name="example.com",
    synapse_host="matrix.example.com",
    account_host="account.example.com",
    media_size="3Gi",
    user_group="matrix-users",
)


def built(settings: MatrixSettings = SETTINGS, administrators: tuple[str, ...] = ()) -> dict[str, Any]:
    return values(
        MatrixValues(
            settings=settings,
            application=APPLICATION,
            administrators=administrators,
            secrets=SECRETS,
            ca_config_map="cluster-ca",
            storage_class="fast",
        )
    )
