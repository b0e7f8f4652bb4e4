"""Every secret of the platform, declared once. No component makes a secret of its own."""

import difflib
from dataclasses import replace

from lib.names import Namespace
from lib.oidc import applications
from lib.secrets import Field, Kind, SecretDeclaration, literal, password
from settings import Settings

_OIDC_CONSUMER = {"gitea": Namespace.GITEA, "harbor": Namespace.HARBOR, "matrix": Namespace.MATRIX}


_PROBE = SecretDeclaration(
    path="external-secrets/probe", fields=(password("value"),), consumers=(Namespace.EXTERNAL_SECRETS,)
)
"""Read back through External Secrets by the gate of phase 1; nothing else uses it."""

_DATABASE_OWNER = SecretDeclaration(
    path="postgres/app",
    fields=(literal("username", "app"), password("password")),
    consumers=(Namespace.DATABASES,),
)
"""Owner of the database that initialising a Postgres cluster needs; no application uses it."""


def _database(role: str, namespace: Namespace) -> SecretDeclaration:
    return SecretDeclaration(
        path=f"postgres/{role}",
        fields=(literal("username", role), password("password")),
        consumers=(Namespace.DATABASES, namespace),
    )


def _valkey(user: str, *namespaces: Namespace) -> SecretDeclaration:
    return SecretDeclaration(
        path=f"valkey/{user}", fields=(password("password"),), consumers=(Namespace.DATABASES, *namespaces)
    )


def _identity(settings: Settings) -> tuple[SecretDeclaration, ...]:
    server = SecretDeclaration(
        path="authentik/server",
        fields=(password("secret-key", 60), password("bootstrap-token", 60), password("bootstrap-password")),
        consumers=(Namespace.AUTHENTIK,),
    )
    clients = tuple(
        SecretDeclaration(
            path=application.secret_path,
            fields=(password("client-secret", 64),),
            consumers=(Namespace.AUTHENTIK, *_consumer(application.slug)),
        )
        for application in applications(settings)
    )
    return (server, _database("authentik", Namespace.AUTHENTIK), *clients)


def _consumer(slug: str) -> tuple[Namespace, ...]:
    return (_OIDC_CONSUMER[slug],) if slug in _OIDC_CONSUMER else ()


def _gitea() -> tuple[SecretDeclaration, ...]:
    return (
        _database("gitea", Namespace.GITEA),
        _valkey("gitea", Namespace.GITEA),
        SecretDeclaration(
            path="gitea/admin",
            fields=(literal("username", "gitea-breakglass"), password("password")),
            consumers=(Namespace.GITEA,),
        ),
        SecretDeclaration(
            path="gitea/encryption",
            fields=(password("secret-key", 64),),
            consumers=(Namespace.GITEA,),
            # https://github.com/go-gitea/gitea/issues/16832
            permanent="Gitea encrypts columns of its database with it",
        ),
        SecretDeclaration(
            path="gitea/server",
            fields=(
                password("internal-token", 64),
                Field(name="jwt-secret", kind=Kind.BASE64URL, size=32),
                Field(name="lfs-jwt-secret", kind=Kind.BASE64URL, size=32),
            ),
            consumers=(Namespace.GITEA,),
        ),
    )


HARBOR_REGISTRY_USER = "harbor_registry_user"


def _harbor() -> tuple[SecretDeclaration, ...]:
    return (
        _database("harbor", Namespace.HARBOR),
        _valkey("harbor", Namespace.HARBOR),
        SecretDeclaration(
            path="harbor/admin",
            fields=(password("password"),),
            consumers=(Namespace.HARBOR,),
            permanent="only the first start reads it; change the password of `admin` in Harbor",
        ),
        SecretDeclaration(
            path="harbor/encryption",
            fields=(password("secret-key", 16),),  # a key of AES-128
            consumers=(Namespace.HARBOR,),
            permanent="Harbor encrypts columns of its database with it",
        ),
        SecretDeclaration(
            path="harbor/server",
            fields=(
                password("core-secret", 16),
                password("xsrf-key", 32),
                password("jobservice-secret", 16),
                password("registry-http-secret", 16),
                Field(name="token-key", kind=Kind.RSA_PRIVATE_KEY, size=4096),
                Field(name="token-certificate", kind=Kind.RSA_CERTIFICATE, of="token-key"),
            ),
            consumers=(Namespace.HARBOR,),
        ),
        SecretDeclaration(
            path="harbor/registry",
            fields=(
                password("password"),
                Field(name="htpasswd", kind=Kind.HTPASSWD, of="password", literal=HARBOR_REGISTRY_USER),
            ),
            consumers=(Namespace.HARBOR,),
        ),
    )


def _matrix() -> tuple[SecretDeclaration, ...]:
    return (
        _database("synapse", Namespace.MATRIX),
        _database("mas", Namespace.MATRIX),
        SecretDeclaration(
            path="matrix/signing-key",
            fields=(Field(name="signing-key", kind=Kind.SYNAPSE_SIGNING_KEY),),
            consumers=(Namespace.MATRIX,),
            permanent="other servers know the homeserver by it",
        ),
        SecretDeclaration(
            path="matrix/mas-encryption",
            fields=(Field(name="encryption-secret", kind=Kind.HEX, size=32),),
            consumers=(Namespace.MATRIX,),
            permanent="the authentication service encrypts columns of its database with it",
        ),
        SecretDeclaration(
            path="matrix/synapse",
            fields=(password("macaroon"), password("registration-shared-secret")),
            consumers=(Namespace.MATRIX,),
        ),
        SecretDeclaration(
            path="matrix/mas",
            fields=(
                password("synapse-shared-secret"),
                # Both kinds are asked for: clients may insist on RS256 or on ES256.
                Field(name="rsa-key", kind=Kind.RSA_PRIVATE_KEY, size=4096),
                Field(name="ec-key", kind=Kind.EC_PRIVATE_KEY),
            ),
            consumers=(Namespace.MATRIX,),
        ),
    )


def declare(settings: Settings) -> tuple[SecretDeclaration, ...]:
    """Every secret that the enabled services need.

    Raises:
        ValueError: naming a key of `rotation.generations` that no secret has, or whose secret can never change.
    """
    declared = [_PROBE, _DATABASE_OWNER, _valkey("default"), *_identity(settings)]
    for service, secrets in ((settings.gitea, _gitea), (settings.harbor, _harbor), (settings.matrix, _matrix)):
        if service.enabled:
            declared += secrets()
    return _with_generations(declared, settings.rotation.generations)


def _with_generations(declared: list[SecretDeclaration], generations: dict[str, int]) -> tuple[SecretDeclaration, ...]:
    known = {declaration.path: declaration for declaration in declared}
    for path, generation in generations.items():
        if path not in known:
            close = difflib.get_close_matches(path, known, n=3) or sorted(known)
            raise ValueError(
                f"rotation.generations.{path}: is no secret of this stack; did you mean {', '.join(close)}?"
            )
        if known[path].permanent:
            raise ValueError(
                f"rotation.generations.{path}: {generation} would rotate a secret that must stay "
                f"({known[path].permanent}); remove the line"
            )
    return tuple(
        replace(declaration, generation=generations.get(declaration.path, declaration.generation))
        for declaration in declared
    )
