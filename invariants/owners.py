"""Invariants of ownership: each thing in the world belongs to one resource, and each resource to one phase."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from invariants.invariant import Violation, invariant
from invariants.objects import key_of, namespace_of, objects, of_kind, releases
from invariants.view import PHASE, Program, Resource, known

OUTSIDE_KUBERNETES: Mapping[str, tuple[str, ...]] = {
    "vault:index/mount:Mount": ("path",),
    "vault:*uthBackend:AuthBackend": ("path",),
    "vault:index/policy:Policy": ("name",),
    "vault:kubernetes/authBackendRole:AuthBackendRole": ("backend", "roleName"),
    "vault:jwt/authBackendRole:AuthBackendRole": ("backend", "roleName"),
    "vault:identity/group:Group": ("name",),
    "vault:identity/groupAlias:GroupAlias": ("mountAccessor", "name"),
    "authentik:index/blueprint:Blueprint": ("path",),
    "proxmoxve:index/vmLegacy:VmLegacy": ("vmId",),
    "proxmoxve:download/fileLegacy:FileLegacy": ("nodeName", "datastoreId", "fileName"),
    "talos:machine/configurationApply:ConfigurationApply": ("node",),
}
"""What tells things apart that are no objects of Kubernetes: inputs, by type token."""
_ONCE = ("talos:machine/bootstrap:Bootstrap", "talos:machine/secrets:Secrets")
_ANYWHERE = ("pulumi:providers:pulumi", "pulumi:providers:random", "pulumi:providers:tls")
_SETTINGS = "home-cluster:applied_settings:AppliedSettings"


def _twice(owned: Iterable[tuple[Resource, tuple[Hashable, ...]]], what: str) -> Iterator[Violation]:
    found = [(one, key) for one, key in owned if known(*key)]
    times = Counter(key for _, key in found)
    for one, key in found:
        if times[key] > 1:
            yield Violation(one.urn, f"{what} {key} is also another's", "keep one of the two")


@invariant("object-one-owner", "Every object of Kubernetes belongs to one resource.")
def object_one_owner(program: Program[Any]) -> Iterator[Violation]:
    """The later of two overwrites the earlier at every update, and the one that goes takes it from the other."""
    yield from _twice(((one, tuple(key_of(one))) for one in objects(program)), "object")


@invariant("release-one-name", "No two releases have one name in one namespace.")
def release_one_name(program: Program[Any]) -> Iterator[Violation]:
    """Helm refuses the second."""
    yield from _twice(((one, (namespace_of(one), one.get("name"))) for one in releases(program)), "release")


@invariant("thing-one-owner", "Machines, files, mounts, policies, roles, groups and blueprints have one owner each.")
def thing_one_owner(program: Program[Any]) -> Iterator[Violation]:
    """Their APIs take the second as a change of the first. There is one bootstrap, and one set of Talos' keys."""
    for pattern, identity in OUTSIDE_KUBERNETES.items():
        things = [(one, tuple(map(one.get, identity))) for one in program.of_type(pattern)]
        yield from _twice(things, pattern)
    for pattern in _ONCE:
        yield from _twice(((one, (pattern,)) for one in program.of_type(pattern)), pattern)


@invariant("host-one-ingress", "No host is served by two Ingresses.")
def host_one_ingress(program: Program[Any]) -> Iterator[Violation]:
    """Which of the two answers would be chance."""
    served = [(one, (rule.get("host"),)) for one in of_kind(program, "Ingress") for rule in one.get("spec", "rules")]
    yield from _twice(served, "host")


@invariant("in-one-phase", "Every resource lies in exactly one phase, but generators of values and what was applied.")
def in_one_phase(program: Program[Any]) -> Iterator[Violation]:
    """A resource outside belongs to nothing that can be waited for; one in two belongs to neither."""
    for one in program.resources:
        around = [ancestor for ancestor in program.ancestors(one) if ancestor.type == PHASE]
        exempt = one.type in (PHASE, "pulumi:pulumi:Stack") or (not around and one.type in _ANYWHERE)
        if len(around) != 1 and not exempt and _SETTINGS not in one.urn:
            yield Violation(one.urn, f"lies in {len(around)} phases", "make it in a phase of stacks/")


ALL = (object_one_owner, release_one_name, thing_one_owner, host_one_ingress, in_one_phase)
