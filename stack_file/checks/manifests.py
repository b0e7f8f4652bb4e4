"""Checks of the objects of chains: each has one writer, and lies where it can touch nothing of the platform."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from declarations.chains import stages
from lib.kubernetes import CLUSTER_SCOPED, is_of_kubernetes
from lib.names import CA_CONFIG_MAP
from settings.chains import phase_name
from settings.model import Settings
from settings.problem import Problem

_OF_THE_PLATFORM = ("cilium.io", "cert-manager.io", "external-secrets.io", "cnpg.io", "traefik.io")
_OF_FLUX = ("fluxcd.io", "controlplane.io", "externaldns.k8s.io")
_NAMESPACED = ("cert-manager.io", "external-secrets.io", "cnpg.io", "traefik.io", "fluxcd.io", "monitoring.coreos.com")
"""Groups of which CLUSTER_SCOPED has every kind without a namespace."""
_MADE = {
    ("ConfigMap", CA_CONFIG_MAP),
    ("NetworkPolicy", "ingress"),
    ("ResourceQuota", "chain"),
    ("LimitRange", "chain"),
}
"""What each namespace of a chain has already, by kind and name."""


def objects_of_chains_have_one_writer(settings: Settings) -> Iterator[Problem]:
    owners = dict(_secrets(settings))
    for (chain, _), stage in stages(settings):
        for place, obj in stage.manifests:
            key, kind, metadata = f"chains.{chain}.stages[{stage.name}].{place}", str(obj["kind"]), obj["metadata"]
            said = f"{kind} {metadata['name']}"
            # Versions of a group share their objects.
            group = obj["apiVersion"].rpartition("/")[0]
            other = owners.setdefault((f"{group}/{kind}", metadata.get("namespace", ""), metadata["name"]), key)
            if other != key:
                yield Problem(key, said, f"is already written by {other}", "remove one of the two")
            if (kind, metadata["name"]) in _MADE:
                yield Problem(key, said, "is made in every namespace of a chain", "give it another name")
            yield from _contents(key, said, obj)
            yield from _place(key, said, obj, chain, settings)


def _secrets(settings: Settings) -> Iterator[tuple[tuple[str, str, str], str]]:
    """Secrets that External Secrets writes for a stage."""
    for (chain, _), stage in stages(settings):
        key = f"chains.{chain}.stages[{stage.name}]"
        yield from ((("/Secret", one.namespace, name), f"{key}.secrets.{name}") for name, one in stage.secrets.items())
        for namespace in stage.namespaces:
            yield from ((("/Secret", namespace, f"oidc-{slug}"), f"{key}.logins") for slug in stage.logins)


def _contents(key: str, said: str, obj: Mapping[str, Any]) -> Iterator[Problem]:
    kind = str(obj["kind"])
    if kind == "Secret" and (obj.get("data") or obj.get("stringData")):
        fix = "declare its values in secrets.extra, and the Secret in `secrets` of the stage"
        yield Problem(key, said, "carries values in plain text", fix)
    elif kind.endswith("List") and "items" in obj:
        yield Problem(key, said, "is a list, of which nobody could say what is ready", "write its items one by one")
    elif kind == "Namespace":
        yield Problem(
            key, said, "would have no network policy and no bounds", "declare it in `namespaces` of the chain"
        )


def _place(key: str, said: str, obj: Mapping[str, Any], chain: str, settings: Settings) -> Iterator[Problem]:
    group, kind, metadata = obj["apiVersion"].rpartition("/")[0], str(obj["kind"]), obj["metadata"]
    namespaces, name = settings.chains[chain].namespaces, metadata["name"]
    if kind in ("Namespace", "List"):
        return
    wide = kind in CLUSTER_SCOPED
    if "namespace" in metadata and wide:
        # The API server would take it out (EnsureObjectNamespaceMatchesRequestNamespace in apiserver, registry/rest).
        clash = f"is for the whole cluster, and lies in no namespace such as {metadata['namespace']}"
        yield Problem(key, said, clash, f"take metadata.namespace out, and begin its name with {phase_name(chain)}-")
    elif "namespace" in metadata:
        if metadata["namespace"] not in namespaces:
            clash = f"lies in {metadata['namespace']}, which is no namespace of the chain"
            yield Problem(key, said, clash, f"use one of {', '.join(namespaces)}, or declare it there")
    elif kind == "CustomResourceDefinition":
        if _is_of(name.partition(".")[2], (*_OF_THE_PLATFORM, *_OF_FLUX)):
            yield Problem(key, said, "is a definition of the platform, which would have two writers", "leave it out")
    elif not wide and (is_of_kubernetes(obj["apiVersion"]) or _is_of(group, _NAMESPACED)):
        yield Problem(key, said, "has no namespace", f"add metadata.namespace, one of {', '.join(namespaces)}")
    elif not name.startswith(f"{phase_name(chain)}-"):
        clash = "is for the whole cluster, where names may be those of the platform"
        other = "" if wide else ", or add metadata.namespace"
        yield Problem(key, said, clash, f"begin its name with {phase_name(chain)}-{other}")


def _is_of(group: str, known: Collection[str]) -> bool:
    return any(group == one or group.endswith(f".{one}") for one in known)


ALL = (objects_of_chains_have_one_writer,)
