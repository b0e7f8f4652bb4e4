"""Every secret of the platform, declared once. No component makes a secret of its own."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from components.gitea import secrets as gitea
from components.harbor import robots
from components.harbor import secrets as harbor
from components.matrix import secrets as matrix
from declarations import account_tokens, extra_secrets, oidc
from declarations import shared_secrets as platform_secrets
from lib.secrets import KEEPS_PREVIOUS, SecretDeclaration
from settings.model import Settings
from stack_file.load import SettingsError

_CLIENTS = {"gitea": gitea.LOGIN, "harbor": harbor.LOGIN, "matrix": matrix.LOGIN}
"""Who reads the client secret of a login besides Authentik, by the slug of its application."""


def declare(settings: Settings) -> tuple[SecretDeclaration, ...]:
    """Every secret that the enabled services need, and those that the stack file adds.

    Raises:
        SettingsError: one line for each defect: a path or a resource name that two declarations share, an added secret
            that cannot be, or a key of `rotation.generations` that no secret has or whose secret can never change.
    """
    platform = _platform(settings)
    accounts = [*account_tokens.declare(settings), *robots.declare(settings)]
    declared = [*platform, *accounts, *extra_secrets.declare(settings)]
    problems = [
        *_clashes([*platform, *accounts]),
        *map(str, account_tokens.problems(settings)),
        *map(str, robots.problems(settings)),
        *map(str, extra_secrets.problems(settings, [*platform, *accounts])),
        *_impossible(declared),
        *_strangers(platform, extra_secrets.platform_namespaces(settings)),
        *_generations([*_with_every_service(settings), *declared], settings.rotation.generations),
    ]
    if problems:
        raise SettingsError("\n".join(problems))
    return tuple(
        replace(declaration, generation=settings.rotation.generations.get(declaration.path, declaration.generation))
        for declaration in declared
    )


def _platform(settings: Settings) -> list[SecretDeclaration]:
    declared = [
        platform_secrets.PROBE,
        platform_secrets.DATABASE_OWNER,
        platform_secrets.valkey_user("default"),
        platform_secrets.authentik(),
        platform_secrets.authentik_database(),
    ]
    declared += [
        platform_secrets.client(application, _CLIENTS.get(application.slug, ()))
        for application in oidc.applications(settings)
        if not application.public
    ]
    for service, secrets in (
        (settings.gitea, gitea.declare),
        (settings.harbor, harbor.declare),
        (settings.matrix, matrix.declare),
    ):
        if service.enabled:
            declared += secrets(settings)
        elif service.keep_data:
            declared += _kept(secrets(settings))
    return declared


def _with_every_service(settings: Settings) -> list[SecretDeclaration]:
    """What the platform would have with every service on: a generation outlives the time that its service is off."""
    on = {"enabled": True}
    actions = settings.gitea.actions.model_copy(update=on)
    services = {
        "vault": settings.vault.model_copy(update={"oidc": True}),
        "gitea": settings.gitea.model_copy(update=on | {"actions": actions}),
        "harbor": settings.harbor.model_copy(update=on),
        "matrix": settings.matrix.model_copy(update=on),
    }
    everything = settings.model_copy(update=services)
    return [*_platform(everything), *robots.declare(everything)]


def _kept(declared: Iterable[SecretDeclaration]) -> list[SecretDeclaration]:
    """What stays of a service that is switched off: secrets that what it stored cannot be read without."""
    purpose = "keeps it for what its service has stored, while that is switched off"
    return [replace(one, readers=(), used_by_program=purpose) for one in declared if one.permanent]


def _clashes(declared: Sequence[SecretDeclaration]) -> Iterator[str]:
    owners: dict[str, str] = {}
    for declaration in declared:
        path, name = declaration.path, declaration.name
        if owners.get(name) == path:
            yield f"{path}: is declared twice, so two would write {declaration.vault_path}; remove one"
        elif name in owners:
            yield f"{path}: has the resource name {name} of {owners[name]}; rename one of them"
        owners.setdefault(name, path)


def _impossible(declared: Sequence[SecretDeclaration]) -> Iterator[str]:
    """Declarations that no value could be made for, or that nobody would ever read."""
    for declaration in declared:
        if not declaration.readers and not declaration.used_by_program:
            yield f"{declaration.path}: has no reader; name who reads it or remove it"
        for field in declaration.fields:
            if field.overlap and field.kind not in KEEPS_PREVIOUS:
                kinds = ", ".join(sorted(KEEPS_PREVIOUS))
                yield f"{declaration.path}.{field.name}: {field.kind} keeps no previous value; only {kinds} do"


def _strangers(declared: Sequence[SecretDeclaration], namespaces: set[str]) -> Iterator[str]:
    """Readers in, and copies to, namespaces that this stack does not have."""
    for declaration in declared:
        for reader in declaration.readers:
            for namespace in (reader.namespace, *reader.reflect_to):
                if namespace not in namespaces:
                    yield (
                        f"{declaration.path}: {reader} would be in {namespace}, which is no namespace of this stack; "
                        f"the namespaces are {', '.join(sorted(namespaces))}"
                    )


def _generations(declared: Sequence[SecretDeclaration], generations: dict[str, int]) -> Iterator[str]:
    known = {declaration.path: declaration for declaration in declared}
    for path, generation in generations.items():
        if path not in known:
            close = difflib.get_close_matches(path, known, n=3) or sorted(known)
            yield f"rotation.generations.{path}: is no secret of this stack; did you mean {', '.join(close)}?"
        elif known[path].permanent:
            yield (
                f"rotation.generations.{path}: {generation} would rotate a secret that must stay "
                f"({known[path].permanent}); remove the line"
            )
