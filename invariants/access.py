"""Invariants of access: hosts, logins, rights in the cluster."""

from collections.abc import Iterator
from typing import Any

from invariants.invariant import Violation, invariant, of_each
from invariants.objects import key_of, of_kind, pod_of
from invariants.view import Program, Resource, known, walk

_APPLICATION = "home-cluster:authentik/application:AuthentikApplication"
_DISCOVERY = "home-cluster:authentik/discovery:Discovery"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


@of_each("host-over-tls", "Every host of an Ingress is served over TLS.")
def host_over_tls(one: Resource) -> Iterator[Violation]:
    """A session or a password would go over the network as it is."""
    if one.get("kind") != "Ingress":
        return
    covered = {host for entry in one.get("spec", "tls") or () for host in entry.get("hosts") or ()}
    for rule in one.get("spec", "rules") or ():
        if known(rule.get("host"), *covered) and rule.get("host") not in covered:
            yield Violation(one.urn, f"serves {rule.get('host')} without TLS", "name it in spec.tls")


@invariant("login-registered", "Every login that is probed is registered with Authentik, by a blueprint of its own.")
def login_registered(program: Program[Any]) -> Iterator[Violation]:
    """An application without a registration sends people to a page that knows nothing of it."""
    registered = {
        ancestor.name
        for one in program.of_type("authentik:index/blueprint:Blueprint")
        for ancestor in program.ancestors(one)
        if ancestor.type == _APPLICATION
    }
    for one in program.of_type(_DISCOVERY):
        if _login(one) not in {name.removeprefix("login-") for name in registered}:
            yield Violation(one.urn, "has no blueprint", "declare the application (declarations/oidc.py)")
    for one in program.of_type(_APPLICATION):
        if one.name not in registered:
            yield Violation(one.urn, "makes no blueprint", "declare the application (declarations/oidc.py)")


def _login(one: Resource) -> str:
    return one.name.removeprefix("login-").removesuffix("-discovery")


@of_each("right-named", "No role has every verb, every resource or every group.")
def right_named(one: Resource) -> Iterator[Violation]:
    """What a script needs is a list; with a star, whoever takes the script has the cluster."""
    for rule in one.get("rules") or () if one.get("kind") in ("Role", "ClusterRole") else ():
        if any(value == "*" for _, value in walk(rule)):
            yield Violation(one.urn, f"a rule has *: {rule}", "name verbs, resources and groups")


@invariant("token-where-needed", "A pod has a token of the API only with an account that a role is bound to.")
def token_where_needed(program: Program[Any]) -> Iterator[Violation]:
    """The token of an account without rights is still one that logs in somewhere, such as to Vault."""
    bound = {
        (subject.get("namespace"), subject.get("name"))
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for one in of_kind(program, kind)
        for subject in one.get("subjects") or ()
    }
    for one in program.custom:
        pod = pod_of(one)
        if pod is None or pod.get("automountServiceAccountToken") is False or one.read is not None:
            continue
        account = (key_of(one).namespace, pod.get("serviceAccountName", "default"))
        if known(*account, *(part for subject in bound for part in subject)) and account not in bound:
            yield Violation(one.urn, f"account {account[1]} has no rights", "set automountServiceAccountToken: false")


@invariant("one-default-class", "At most one StorageClass is the default.")
def one_default_class(program: Program[Any]) -> Iterator[Violation]:
    """Of two, Kubernetes takes the younger: a claim without a class lands where nobody expects it."""
    classes = [one for one in of_kind(program, "StorageClass") if _is_default(one)]
    charted = [one for one in program.of_type("kubernetes:helm.sh/v3:Release") if _makes_default(one.get("values"))]
    found = [*classes, *charted]
    for one in found if len(found) > 1 else ():
        yield Violation(one.urn, f"is one of {len(found)} defaults", f"annotate one with {_DEFAULT_CLASS}")


def _is_default(one: Resource) -> bool:
    return str((one.get("metadata", "annotations") or {}).get(_DEFAULT_CLASS)).lower() == "true"


def _makes_default(values: Any) -> bool:
    return any(path[-1:] == (_DEFAULT_CLASS,) and str(value).lower() == "true" for path, value in walk(values))


ALL = (host_over_tls, login_registered, right_named, token_where_needed, one_default_class)
