"""Invariants of order: what something needs is there before it."""

from collections.abc import Iterator
from typing import Any

from invariants.invariant import Violation, invariant
from invariants.objects import key_of, namespace_of, objects, of_kind, releases
from invariants.view import Program, known

_GIVEN = frozenset({"", "default", "kube-system", "kube-public", "kube-node-lease"})
_GATES = frozenset({"home-cluster:script_job:ScriptJob"})
_LAST = "-redirect"
"""Ends the name of a gate of an application behind Authentik's login, on which nothing is built."""
_PROVIDER = "pulumi:providers:"


@invariant("provider-named", "Every resource names a provider, which is that of its package.")
def provider_named(program: Program[Any]) -> Iterator[Violation]:
    """A default provider reaches for whatever is configured on the machine: another cluster, another Vault."""
    for one in program.custom:
        package = one.type.partition(":")[0]
        provider = program.by_urn.get(one.provider)
        if provider is None or provider.type != f"{_PROVIDER}{package}":
            given = "a default provider" if provider is None else provider.type
            yield Violation(one.urn, f"uses {given}", f"give it the provider of {package}")


@invariant("namespace-first", "Every namespaced object waits for its namespace, which the program makes.")
def namespace_first(program: Program[Any]) -> Iterator[Violation]:
    """Otherwise the first bring-up fails, or not, by chance."""
    made = {key_of(one).name: one for one in of_kind(program, "Namespace")}
    for one in (*objects(program), *releases(program)):
        namespace = namespace_of(one)
        if namespace in _GIVEN or not known(namespace, *made):
            continue
        if namespace not in made:
            yield Violation(one.urn, f"goes to {namespace}, which nobody makes", "declare the namespace")
        elif made[namespace].urn not in program.waits_for(one):
            yield Violation(one.urn, f"does not wait for {namespace}", "take the name from the namespace's output")


@invariant("secret-after-store", "Every ExternalSecret waits for its store and for the values that it reads.")
def secret_after_store(program: Program[Any]) -> Iterator[Violation]:
    """It would be asked for in vain until its time is over."""
    stores = {key_of(one).name: one for one in of_kind(program, "ClusterSecretStore")}
    written = {one.get("name"): one for one in program.of_type("vault:kv/secretV2:SecretV2")}
    for one in of_kind(program, "ExternalSecret"):
        store = one.get("spec", "secretStoreRef", "name")
        keys = [entry["remoteRef"]["key"] for entry in one.get("spec", "data") or ()]
        needed = [stores.get(store), *map(written.get, keys)]
        for other in needed if known(store, *stores, *keys, *written) else ():
            if other is None:
                yield Violation(one.urn, "reads what the program does not make", "declare the secret")
            elif other.urn not in program.waits_for(one):
                yield Violation(one.urn, f"does not wait for {other}", "take name and version from its output")


@invariant("certificate-after-issuer", "Every Certificate waits for its issuer, which is awaited until it can sign.")
def certificate_after_issuer(program: Program[Any]) -> Iterator[Violation]:
    """A request without an issuer fails, and cert-manager tries again after an hour."""
    issuers = {key_of(one).name: one for one in of_kind(program, "ClusterIssuer")}
    for issuer in issuers.values():
        if "pulumi.com/waitFor" not in (issuer.get("metadata", "annotations") or {}):
            yield Violation(issuer.urn, "is not awaited", "annotate it pulumi.com/waitFor: condition=Ready")
    for one in of_kind(program, "Certificate"):
        name = one.get("spec", "issuerRef", "name")
        issuer = issuers.get(name)
        if not known(name, *issuers):
            continue
        if issuer is None or issuer.urn not in program.waits_for(one):
            yield Violation(one.urn, "does not wait for its issuer", "take the name from the issuer's output")


@invariant("gate-needed", "Something waits for every gate, unless nothing waits for its whole phase.")
def gate_needed(program: Program[Any]) -> Iterator[Violation]:
    """A gate that nothing waits for holds nothing back: it fails, and what needs it has long gone wrong."""
    needed = {urn for one in program.resources for urn in program.needs(one)}
    builders = {
        program.phase_of(program.by_urn[urn])
        for one in program.custom
        for urn in one.dependencies
        if urn in program.by_urn and program.phase_of(program.by_urn[urn]) != program.phase_of(one)
    }
    for one in of_kind(program, "Job"):
        parent = program.by_urn.get(one.parent)
        if parent is None or parent.type not in _GATES or one.urn in needed:
            continue
        if program.phase_of(one) in builders and not one.name.endswith(_LAST):
            yield Violation(one.urn, "is waited for by nothing", "put it among the gates of its phase")


ALL = (provider_named, namespace_first, secret_after_store, certificate_after_issuer, gate_needed)
