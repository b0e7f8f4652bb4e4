"""Tokens of service accounts (`identity.tokens`): what Authentik and the programs that use them read."""

from collections.abc import Collection, Iterator

from components.authentik.blueprints import paths
from declarations.extra_secrets import strange_namespaces
from declarations.shared_secrets import WHO_CARRIES_THE_ANNOTATION
from lib.names import SystemNamespace
from lib.secrets import Reader, SecretDeclaration, password
from settings.identity import Token
from settings.model import Settings
from settings.problem import Problem

_LENGTH = 60
"""Characters of a token, as many as of one that Authentik makes (`authentik/core/models.py`, default_token_key)."""


def secret_path(name: str) -> str:
    """Path in the secret registry."""
    return f"tokens/{name}"


def declare(settings: Settings) -> list[SecretDeclaration]:
    """A declaration for each token."""
    return [_declaration(name, token) for name, token in settings.identity.tokens.items()]


def problems(settings: Settings, known: Collection[str]) -> Iterator[Problem]:
    """Copies to namespaces that nobody makes."""
    for name, token in settings.identity.tokens.items():
        yield from strange_namespaces(f"identity.tokens.{name}.reflectTo", token.reflect_to, known)


def _declaration(name: str, token: Token) -> SecretDeclaration:
    return SecretDeclaration(
        path=secret_path(name),
        fields=(password(paths.TOKEN, _LENGTH),),
        readers=(
            Reader(
                namespace=SystemNamespace.AUTHENTIK,
                secret=paths.token(name),
                keeps="Authentik's database",
                follows=f"a Job has Authentik apply the blueprint again; {WHO_CARRIES_THE_ANNOTATION}",
                reflect_to=token.reflect_to,
            ),
        ),
        # A token of Authentik has one value.
        window="requests with the old value fail from the moment Authentik has the new one until the program has it",
    )
