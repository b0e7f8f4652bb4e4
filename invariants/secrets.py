"""Invariants of secrets: where their values may stand, who makes a Secret, who talks to Vault."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from invariants.invariant import Violation, invariant
from invariants.leaks import Scanner
from invariants.objects import key_of, namespace_of, of_kind, pods, releases
from invariants.view import Program, Resource, known, walk

_VAULT, _PORT = "vault", 8200
CLIENTS_OF_VAULT = frozenset({"external-secrets", "cert-manager", "traefik"})
"""External Secrets reads, cert-manager has certificates signed, people come through the ingress."""
REGISTRY = "home-cluster:platform_secrets:PlatformSecrets"


def _shown(program: Program[Any], resources: list[Any], *, also_secret: bool, fix: str) -> Iterator[Violation]:
    scanner = Scanner(program.issued)
    for one in resources:
        for leak in scanner.inputs(one, also_secret=also_secret):
            yield Violation(one.urn, str(leak), fix)


@invariant("secret-marked", "No secret value stands in an input that is not marked secret.")
def secret_marked(program: Program[Any]) -> Iterator[Violation]:
    """State, previews and logs show what is not marked."""
    yield from _shown(program, [*program.resources], also_secret=False, fix="wrap it in Output.secret")


@invariant("secret-not-in-values", "No secret value stands in the values of a chart, marked or not.")
def secret_not_in_values(program: Program[Any]) -> Iterator[Violation]:
    """`helm get values` shows them, and charts copy them into ConfigMaps."""
    yield from _shown(program, releases(program), also_secret=True, fix="name a Secret instead")


@invariant("secret-not-in-config-map", "No secret value stands in a ConfigMap, marked or not.")
def secret_not_in_config_map(program: Program[Any]) -> Iterator[Violation]:
    """Everybody who may look at the namespace reads ConfigMaps."""
    yield from _shown(program, of_kind(program, "ConfigMap"), also_secret=True, fix="mount a Secret instead")


@invariant("secret-not-in-pod", "No secret value stands in a pod's spec: variables come from a Secret.")
def secret_not_in_pod(program: Program[Any]) -> Iterator[Violation]:
    """Whoever may list pods would read it, and so would a dump of the cluster."""
    found = [one for one, _ in pods(program)]
    yield from _shown(program, found, also_secret=True, fix="use secretKeyRef, or mount it")


def _makes(program: Program[Any]) -> Iterator[tuple[Resource, Any]]:
    for one in of_kind(program, "Secret"):
        yield one, key_of(one).name
    for one in of_kind(program, "ExternalSecret"):
        yield one, one.get("spec", "target", "name")
    for one in of_kind(program, "Certificate"):
        yield one, one.get("spec", "secretName")


@invariant("secret-one-writer", "Every Secret is made by one resource.")
def secret_one_writer(program: Program[Any]) -> Iterator[Violation]:
    """External Secrets, cert-manager and Pulumi would overwrite each other for ever."""
    made = [(one, (namespace_of(one), name)) for one, name in _makes(program) if known(namespace_of(one), name)]
    times = Counter(place for _, place in made)
    for one, place in made:
        if times[place] > 1:
            yield Violation(one.urn, f"Secret {'/'.join(place)} has {times[place]} writers", "give each its own name")


@invariant("secret-in-vault-once", "Every path of Vault has one writer, below the platform's folder.")
def secret_in_vault_once(program: Program[Any]) -> Iterator[Violation]:
    """External Secrets may read that folder and nothing else; of two writers the later undoes the earlier."""
    written = program.of_type("vault:kv/secretV2:SecretV2")
    times = Counter((one.get("mount"), one.get("name")) for one in written)
    for one in (one for one in written if known(one.get("mount"), one.get("name"))):
        name = one.get("name")
        if times[one.get("mount"), name] > 1:
            yield Violation(one.urn, f"{name} is written twice", "give each its own path")
        if not str(name).startswith("platform/"):
            yield Violation(one.urn, f"{name} is outside platform/", "declare it in the register of secrets")


@invariant("secret-from-register", "Generated values come from the register of secrets alone.")
def secret_from_register(program: Program[Any]) -> Iterator[Violation]:
    """Anything else is neither rotated nor listed, and nobody knows who reads it."""
    for one in program.of_type("random:*"):
        makers = [ancestor.type for ancestor in program.ancestors(one)]
        if not one.type.endswith(":RandomId") and REGISTRY not in makers:
            yield Violation(one.urn, "is generated outside the register", "declare it (docs/adding-a-service.md)")


@invariant("vault-for-few", "No application talks to Vault: its NetworkPolicy names the few who may.")
def vault_for_few(program: Program[Any]) -> Iterator[Violation]:
    """An application gets its secrets from a Secret; one that is taken over has no way to the others'."""
    for one in of_kind(program, "NetworkPolicy"):
        if key_of(one).namespace != _VAULT:
            continue
        for rule in one.get("spec", "ingress") or ():
            if not known(*(value for _, value in walk(rule))):
                continue
            ports = {port.get("port") for port in rule.get("ports") or ()}
            peers = rule.get("from") or ()  # without one it is the door of the LoadBalancer, for people
            for peer in peers if not ports or _PORT in ports else ():
                yield from _stranger(one, peer)


def _stranger(one: Resource, peer: dict[str, Any]) -> Iterator[Violation]:
    labels = (peer.get("namespaceSelector") or {}).get("matchLabels") or {}
    name = labels.get("kubernetes.io/metadata.name")
    own = "podSelector" in peer and "namespaceSelector" not in peer
    if not own and name not in CLIENTS_OF_VAULT | {_VAULT}:
        yield Violation(one.urn, f"admits {json.dumps(peer)}", "read the secret through External Secrets")


ALL = (
    secret_marked,
    secret_not_in_values,
    secret_not_in_config_map,
    secret_not_in_pod,
    secret_one_writer,
    secret_in_vault_once,
    secret_from_register,
    vault_for_few,
)
