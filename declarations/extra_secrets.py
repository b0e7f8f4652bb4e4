"""Secrets that the stack file adds (section `secrets`), so that a later application needs no code.

Each is a Secret of the operator's own namespace, from where Reflector copies it: the namespaces of such applications
may come into being long after this program ran. Those that chains name are made in the namespaces of the chains.
"""

import difflib
from collections.abc import Collection, Iterator, Sequence

from declarations import chains
from declarations.shared_secrets import WHO_CARRIES_THE_ANNOTATION
from lib.names import SystemNamespace
from lib.secrets import PREVIOUS, Field, Kind, Reader, SecretDeclaration
from settings.model import Settings
from settings.platform import ExtraSecret
from settings.problem import Problem


def declare(settings: Settings) -> list[SecretDeclaration]:
    """A declaration for each added secret."""
    found = settings.secrets.extra.items()
    return [
        _declaration(path, extra, chains.readers(settings, path, WHO_CARRIES_THE_ANNOTATION)) for path, extra in found
    ]


def secret_name(path: str) -> str:
    """Name of the Secret: no chart and no other part of the program calls one so."""
    return f"extra-{path.replace('/', '-')}"


def problems(settings: Settings, platform: Sequence[SecretDeclaration], known: Collection[str]) -> Iterator[Problem]:
    """What is wrong with the section, given the platform's own secrets and the namespaces that may get copies."""
    owners = {declaration.name: declaration.path for declaration in platform}
    for path, extra in settings.secrets.extra.items():
        key = f"secrets.extra.{path}"
        name = path.replace("/", "-")
        if owners.get(name) == path:
            yield Problem(key, path, "is a secret of the platform, which would have two writers", "choose another path")
        elif name in owners:
            clash = f"has the name {name} of {owners[name]}, once dashes stand for slashes"
            yield Problem(key, path, clash, "choose another path")
        owners.setdefault(name, path)
        for field in extra.fields:
            if field.endswith(PREVIOUS):
                fix = "rename it; keepPrevious makes such a field"
                yield Problem(f"{key}.fields", field, f"ends in {PREVIOUS}, as values of the last generation do", fix)
        yield from strange_namespaces(f"{key}.reflectTo", extra.reflect_to, known)


def strange_namespaces(key: str, namespaces: Sequence[str], known: Collection[str]) -> Iterator[Problem]:
    """Namespaces that are to get copies, and that neither this program nor anything it was told of makes."""
    for namespace in namespaces:
        if namespace not in known:
            yield Problem(key, namespace, "is no namespace of this stack", _fix(namespace, known))


def _fix(namespace: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(namespace, known, n=1)
    meant = f"did you mean {close[0]}? If not, " if close else ""
    return f"{meant}list it in secrets.namespaces when something else makes it"


def _declaration(path: str, extra: ExtraSecret, of_chains: Sequence[Reader]) -> SecretDeclaration:
    copied = Reader(
        namespace=SystemNamespace.EXTERNAL_SECRETS,
        secret=secret_name(path),
        follows=WHO_CARRIES_THE_ANNOTATION,
        reflect_to=extra.reflect_to,
    )
    return SecretDeclaration(
        path=path,
        fields=tuple(
            Field(name=name, kind=Kind(field.kind), size=field.size, overlap=field.keep_previous)
            for name, field in extra.fields.items()
        ),
        readers=(*([copied] if extra.reflect_to else []), *of_chains),
    )
