"""Secrets of the platform itself: databases, Valkey, Authentik and the logins of the services."""

from collections.abc import Iterable

from declarations.oidc import OidcApplication
from lib.names import SystemNamespace
from lib.secrets import Reader, SecretDeclaration, literal, password

_AUTHENTIK = ("Deployment/authentik-server", "Deployment/authentik-worker")

WHO_CARRIES_THE_ANNOTATION = "Reloader restarts the workloads that carry its annotation"
"""How a workload that this program does not know takes up a new value."""

PROBE = SecretDeclaration(
    path="external-secrets/probe",
    fields=(password("value"),),
    readers=(Reader(namespace=SystemNamespace.EXTERNAL_SECRETS, secret="probe"),),
)
"""Read back through External Secrets by the gate of phase 1; nothing else uses it."""


def _role(role: str) -> Reader:
    """The Secret of a role's password, which CloudNativePG watches by its label `cnpg.io/reload`."""
    return Reader(
        namespace=SystemNamespace.DATABASES,
        secret=f"postgres-{role}",
        follows="CloudNativePG sets the password of the role",
        keeps="Postgres itself",
    )


DATABASE_OWNER = SecretDeclaration(
    path="postgres/app", fields=(literal("username", "app"), password("password")), readers=(_role("app"),)
)
"""Owner of the database that initialising a Postgres cluster needs; no application uses it."""


def database(role: str, client: Reader) -> SecretDeclaration:
    """Password of a role, read by Postgres and by one application."""
    return SecretDeclaration(
        path=f"postgres/{role}",
        fields=(literal("username", role), password("password")),
        readers=(_role(role), client),
        # A role of Postgres has one password.
        window="open connections stay; new ones fail from the role's new password until the application has restarted",
    )


def valkey_user(user: str, *clients: Reader) -> SecretDeclaration:
    """Password of a user of Valkey, read by Valkey and by at most one application."""
    server = Reader(
        namespace=SystemNamespace.DATABASES,
        secret="valkey-users",
        restarts=("Deployment/valkey",),
        keeps="Valkey's file of users, which its init container makes at each start",
    )
    return SecretDeclaration(
        path=f"valkey/{user}",
        fields=(password("password"),),
        readers=(server, *clients),
        # The chart's init script makes the users' list, with one password for each.
        window="Valkey restarts; the application fails to connect from then until it has restarted too",
    )


def authentik() -> SecretDeclaration:
    """What the server signs with, and its break-glass administrator."""
    return SecretDeclaration(
        path="authentik/server",
        fields=(password("secret-key", 60), password("bootstrap-token", 60), password("bootstrap-password")),
        readers=(
            Reader(
                namespace=SystemNamespace.AUTHENTIK,
                secret="authentik-server",
                restarts=_AUTHENTIK,
                keeps="Authentik's database, where a blueprint sets token and password of `akadmin`",
            ),
        ),
        used_by_program="logs in to Authentik's API with the token",
        window="everybody logs in again",
    )


def authentik_database() -> SecretDeclaration:
    """Password of Authentik's role."""
    return database(
        "authentik", Reader(namespace=SystemNamespace.AUTHENTIK, secret="authentik-postgres", restarts=_AUTHENTIK)
    )


def client(application: OidcApplication, readers: Iterable[Reader]) -> SecretDeclaration:
    """Client secret of a login, read by Authentik, by the service (`readers`) and in the application's namespaces."""
    provider = Reader(
        namespace=SystemNamespace.AUTHENTIK,
        secret=f"authentik-oidc-{application.slug}",
        follows="a Job has Authentik apply the blueprint again",
        keeps="Authentik's database",
    )
    return SecretDeclaration(
        path=application.secret_path,
        fields=(password("client-secret", 64),),
        readers=(provider, *readers, *(_workload(application.slug, namespace) for namespace in application.namespaces)),
        used_by_program="configures the login of Vault" if application.slug == "vault" else "",
        # A client of Authentik has one secret.
        window="sessions stay; new logins fail until Authentik and the application both have the new one",
    )


def _workload(slug: str, namespace: str) -> Reader:
    """Credentials of an application of the stack file, whose workload this program does not know."""
    return Reader(
        namespace=namespace,
        secret=f"oidc-{slug}",
        follows=f"the workload, when it is annotated `secret.reloader.stakater.com/reload: oidc-{slug}`",
    )
