"""Every secret of the platform, declared once. No component makes a secret of its own."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from components.authentik import account_tokens
from components.backup import secrets as backup
from components.dns import secrets as dns
from declarations import chains, extra_secrets, shared_secrets
from declarations.oidc import OidcApplication
from lib.secrets import KEEPS_PREVIOUS, Reader, SecretDeclaration
from register import logins
from register.namespaces import known_namespaces, platform_namespaces
from register.services import SERVICES
from register.volumes import volumes
from settings.model import Settings
from settings.problem import SettingsError


def declare(settings: Settings) -> tuple[SecretDeclaration, ...]:
    """Every secret that the enabled services need, and those that the stack file adds.

    Raises:
        SettingsError: one line for each defect: a path or a resource name that two declarations share, an added secret
            that cannot be, or a key of `rotation.generations` that no secret has or whose secret can never change.
    """
    platform = _platform(settings)
    accounts = [*account_tokens.declare(settings), *_accounts(settings)]
    known = known_namespaces(settings)
    declared = [*platform, *accounts, *extra_secrets.declare(settings)]
    problems = [
        *_clashes([*platform, *accounts]),
        *map(str, account_tokens.problems(settings, known)),
        *(str(problem) for service in SERVICES for problem in service.account_problems(settings, known)),
        *map(str, extra_secrets.problems(settings, [*platform, *accounts], known)),
        *_impossible(declared),
        *_strangers(platform, platform_namespaces(settings)),
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
        shared_secrets.PROBE,
        shared_secrets.DATABASE_OWNER,
        shared_secrets.valkey_user("default"),
        shared_secrets.authentik(),
        shared_secrets.authentik_database(),
    ]
    readers = {service.slug: service.client_readers for service in SERVICES}
    declared += [
        shared_secrets.client(application, (*readers.get(application.slug, ()), *_of_chains(settings, application)))
        for application in logins.applications(settings)
        if not application.public
    ]
    declared += backup.declare(settings, volumes(settings))
    with_dns = settings.model_copy(update={"dns": settings.dns.everything()})
    declared += dns.declare(settings) if settings.dns.enabled else _kept(dns.declare(with_dns))
    for service in SERVICES:
        section = settings.section(service.section)
        if section.enabled:
            declared += service.secrets(settings)
        elif section.keep_data:
            declared += _kept(service.secrets(settings))
    return declared


def _of_chains(settings: Settings, application: OidcApplication) -> tuple[Reader, ...]:
    return chains.readers(settings, application.secret_path, shared_secrets.WHO_CARRIES_THE_ANNOTATION)


def _accounts(settings: Settings) -> list[SecretDeclaration]:
    """Of accounts in the services that are switched on."""
    return [one for service in SERVICES if service.enabled(settings) for one in service.accounts(settings)]


def _with_every_service(settings: Settings) -> list[SecretDeclaration]:
    """What the platform would have with every service on: a generation outlives the time that its service is off."""
    services = {name: section.everything() for name, section in settings.services.items()}
    vault = settings.vault.model_copy(update={"oidc": True})
    everything = settings.model_copy(update={**services, "vault": vault, "dns": settings.dns.everything()})
    return [*_platform(everything), *_accounts(everything)]


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
