"""Secrets of Matrix. Names of workloads are those of the chart matrix-stack 26.8.1."""

from components.matrix.names import NAMESPACE
from declarations.shared_secrets import database
from lib.secrets import Field, Kind, Reader, SecretDeclaration, password
from settings.model import Settings

SIGNING_KEY, SIGNING_KEY_FIELD = "matrix/signing-key", "signing-key"
"""Path and field of the key that other servers know the homeserver by; it may be imported."""
SESSIONS = "matrix/sessions"
"""Path of the secret of the client that ends sessions; its field is `client-secret`."""

_SYNAPSE = ("StatefulSet/matrix-synapse-main",)
_MAS = ("Deployment/matrix-matrix-authentication-service",)


_DATABASE = "the authentication service's database, where each start of it puts what its configuration says"


def _in_matrix(secret: str, *workloads: tuple[str, ...], keeps: str = "") -> Reader:
    return Reader(namespace=NAMESPACE, secret=secret, restarts=sum(workloads, ()), keeps=keeps)


LOGIN = (_in_matrix("oidc", _MAS, keeps=_DATABASE),)
"""Who reads the client secret of the login besides Authentik."""


def declare(settings: Settings) -> tuple[SecretDeclaration, ...]:
    return (
        database("synapse", _in_matrix("synapse-database", _SYNAPSE)),
        database("mas", _in_matrix("mas-database", _MAS)),
        SecretDeclaration(
            path=SIGNING_KEY,
            fields=(Field(name=SIGNING_KEY_FIELD, kind=Kind.SYNAPSE_SIGNING_KEY),),
            readers=(_in_matrix("synapse", _SYNAPSE),),
            permanent="other servers know the homeserver by it",
        ),
        SecretDeclaration(
            path="matrix/mas-encryption",
            fields=(Field(name="encryption-secret", kind=Kind.HEX, size=32),),
            readers=(_in_matrix("mas", _MAS),),
            permanent="the authentication service encrypts columns of its database with it",
        ),
        SecretDeclaration(
            path="matrix/synapse",
            fields=(password("macaroon"), password("registration-shared-secret")),
            readers=(_in_matrix("synapse", _SYNAPSE),),
        ),
        SecretDeclaration(
            path=SESSIONS,
            fields=(password("client-secret"),),
            readers=(_in_matrix("sessions", _MAS, keeps=_DATABASE),),
            window="the Job that ends sessions is refused and tries again until the service has restarted",
        ),
        SecretDeclaration(
            path="matrix/mas",
            fields=(
                password("synapse-shared-secret"),
                # Both kinds are asked for: clients may insist on RS256 or on ES256.
                Field(name="rsa-key", kind=Kind.RSA_PRIVATE_KEY, size=4096),
                Field(name="ec-key", kind=Kind.EC_PRIVATE_KEY),
            ),
            readers=(_in_matrix("mas", _MAS), _in_matrix("mas-shared", _MAS, _SYNAPSE)),
            # The old keys cannot stay beside the new ones: the chart writes the list `keys`, and files of `keys_dir`
            # come before it (matrix-authentication-service, crates/config/src/sections/secrets.rs).
            window="ID tokens signed before are worthless; chat stops until Synapse and the service have restarted",
        ),
    )
