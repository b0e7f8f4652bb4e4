"""Vault's server: started by its release, initialised by the bank-vaults Job, unsealed by the sidecar.

The flags, keys, exit codes and RBAC needs of bank-vaults 1.33 are those its `init` and `unseal` commands were seen to
have with `--mode=k8s`.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from lab.providers.kubernetes import rbac
from lab.providers.kubernetes.cluster import RELEASES, VAULTS, Cluster, encoded, secret_data
from lab.providers.kubernetes.endpoints import UnreachableError, behind, service_of
from lab.providers.kubernetes.jobs import DONE, Container, Outcome
from lab.site import Site
from lab.world import Record

ROOT_KEY = "vault-root"
UNSEAL_KEY = "vault-unseal-0"


def run_vaults(site: Site) -> None:
    """Start a server for each running release, and let its sidecar unseal it.

    The fault `never-ready` of the kind `Vault` and a release's name keeps a server sealed, or seals it.
    """
    cluster = Cluster(site)
    for key, release in list(site.world.view(RELEASES).items()):
        if release["chart"] != "vault" or not release["running"]:
            continue
        server = site.world.get(VAULTS, key) or {"initialized": False, "sealed": True, "keys": {}}
        sidecar = next((item for item in _sidecars(release["values"]) if "unseal" in _words(item)), None)
        if server["initialized"] and server["sealed"] and sidecar is not None:
            namespace, name = _secret_place(_words(sidecar), {}, release["namespace"])
            secret = cluster.look("Secret", namespace, name)
            kept = secret_data(secret) if secret else {}
            server["sealed"] = kept.get(UNSEAL_KEY) != server["keys"][UNSEAL_KEY]
        if site.faults.find("never-ready", ("Vault",), (key.rpartition("/")[2],)):
            server["sealed"] = True
        site.world.put(VAULTS, key, server, sealed=True)


def _sidecars(values: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = (values.get("server") or {}).get("extraContainers") or []
    return found


def _words(container: Mapping[str, Any]) -> list[str]:
    return [str(word) for word in (*(container.get("command") or []), *(container.get("args") or []))]


def _flag(words: list[str], name: str) -> str | None:
    """Value of a command-line flag, in one word or two."""
    for index, word in enumerate(words):
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
        if word == f"--{name}" and index + 1 < len(words):
            return words[index + 1]
    return None


def _secret_place(words: list[str], env: Mapping[str, str], namespace: str) -> tuple[str, str]:
    """Namespace and name of the Secret that bank-vaults keeps its keys in."""
    place = _flag(words, "k8s-secret-namespace") or env.get("BANK_VAULTS_K8S_SECRET_NAMESPACE") or namespace
    name = _flag(words, "k8s-secret-name") or env.get("BANK_VAULTS_K8S_SECRET_NAME") or "bank-vaults"
    return place, name


def initialise(cluster: Cluster, container: Container) -> Outcome | None:
    """`bank-vaults init`: fill the Secret with the keys of a new Vault."""
    words = container.words
    if "bank-vaults" not in str(container.spec.get("image", "")) or "init" not in words:
        return None
    try:
        key, server = _addressed(cluster, container.env.get("VAULT_ADDR", ""), container.namespace)
    except UnreachableError as error:
        return Outcome(waiting=str(error))
    if server["initialized"]:
        return DONE  # also when no key was stored: a gate behind the Job has to look
    mode = _flag(words, "mode") or container.env.get("BANK_VAULTS_MODE", "")
    if mode != "k8s":
        return Outcome(failed=f"unsupported mode in the lab: {mode!r}, want --mode=k8s")
    namespace, name = _secret_place(words, container.env, container.namespace)
    refusal = _may_write(cluster, container, namespace, name)
    if refusal:
        return Outcome(failed=refusal)
    return _write_keys(cluster, key, namespace, name)


def _may_write(cluster: Cluster, container: Container, namespace: str, name: str) -> str:
    if container.pod.get("automountServiceAccountToken") is False:
        return "unable to load in-cluster configuration: open /var/run/secrets/kubernetes.io/serviceaccount/token"
    exists = cluster.exists("Secret", namespace, name)
    account = rbac.Account(container.namespace, container.account)
    for verb in ("get", "update") if exists else ("get", "create", "update"):
        if not rbac.may(cluster, account, verb, "secrets", name):
            user = f"system:serviceaccount:{container.namespace}:{container.account}"
            return f'secrets "{name}" is forbidden: User "{user}" cannot {verb} resource "secrets"'
    return ""


def _write_keys(cluster: Cluster, key: str, namespace: str, name: str) -> Outcome:
    secret = cluster.get("Secret", namespace, name)
    kept = secret_data(secret) if secret else {}
    for item in (ROOT_KEY, UNSEAL_KEY):
        if item in kept:
            return Outcome(failed=f"value for key '{item}' already exists")
    seed = hashlib.sha256(cluster.world.secret_seed() + key.encode()).hexdigest()
    keys = {UNSEAL_KEY: seed, ROOT_KEY: f"hvs.{hashlib.sha256(seed.encode()).hexdigest()[:24]}"}
    obj = copy.deepcopy(secret) or {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
    }
    obj["data"] = {**(obj.get("data") or {}), **encoded({"vault-test": "test", **keys})}
    cluster.world.put(VAULTS, key, {"initialized": True, "sealed": True, "keys": keys}, sealed=True)
    cluster.apply_plain(obj)
    return DONE


def _addressed(cluster: Cluster, address: str, namespace: str) -> tuple[str, Record]:
    """The server behind an address inside the cluster; a NotReady pod answers too. Raises UnreachableError."""
    host = address.split("//", 1)[-1].split("/", 1)[0].split(":", 1)[0]
    service = service_of(cluster, host, namespace)
    if service is None:
        raise UnreachableError(f"dial tcp: lookup {host}: no such host")
    backend = behind(cluster, service)
    if backend is None or backend.chart != "vault" or not backend.ready:
        raise UnreachableError(f"dial tcp {host}:8200: connect: connection refused")
    key = f"{backend.namespace}/{backend.name}"
    server = cluster.world.get(VAULTS, key)
    if server is None:
        raise UnreachableError(f"dial tcp {host}:8200: connect: connection refused")
    return key, server


def health(server: Mapping[str, Any]) -> tuple[int, str]:
    """Status and body of `/v1/sys/health`."""
    if not server["initialized"]:
        return 501, "Vault is not initialized"
    return (503, "Vault is sealed") if server["sealed"] else (200, "")
