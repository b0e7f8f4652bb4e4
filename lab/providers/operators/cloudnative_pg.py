"""CloudNativePG: clusters with their Services and Secrets, roles and databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.providers.kubernetes.cluster import Cluster, encoded
from lab.providers.kubernetes.endpoints import is_true
from lab.providers.kubernetes.pods import lacking
from lab.providers.kubernetes.workloads import claim_reasons
from lab.providers.operators import barman_cloud
from lab.providers.operators.conditions import report, runs
from lab.site import Site

_GROUP: Final = "postgresql.cnpg.io"


def run(site: Site) -> None:
    """Reconcile clusters, then what lives in them."""
    cluster = Cluster(site)
    if not runs(cluster, "cloudnative-pg"):
        return
    for database in cluster.each(f"{_GROUP}/Cluster"):
        name, instances = database["metadata"]["name"], database["spec"]["instances"]
        staged = site.faults.find("never-ready", ("Cluster",), (name,))
        problem = staged or _cluster_problem(cluster, database) or barman_cloud.problem(cluster, database)
        primary: dict[str, Any] = {"currentPrimary": f"{name}-1", "targetPrimary": f"{name}-1"}
        ready, archived = (0, []) if problem else (instances, barman_cloud.archive(cluster, database))
        phase = "Cluster in healthy state"
        if report(cluster, database, problem, archived, phase=phase, readyInstances=ready, **primary):
            _bring_up(cluster, database)
    for role in cluster.each(f"{_GROUP}/DatabaseRole"):
        _apply(cluster, role, _role_problem(cluster, role))
    for item in cluster.each(f"{_GROUP}/Database"):
        _apply(cluster, item, _database_problem(cluster, item))


def _apply(cluster: Cluster, obj: Mapping[str, Any], problem: str) -> None:
    """These report `status.applied` besides the condition."""
    reason: dict[str, Any] = {"message": problem} if problem else {}
    report(cluster, obj, problem, applied=not problem, **reason)


def _cluster_problem(cluster: Cluster, database: Mapping[str, Any]) -> str:
    spec, namespace = database["spec"], database["metadata"]["namespace"]
    storage = spec.get("storage") or {}
    if not storage.get("size") and not storage.get("pvcTemplate"):
        return "storage size is required"
    problems = claim_reasons(cluster, {"spec": {"storageClassName": storage.get("storageClass")}})
    for role in (spec.get("managed") or {}).get("roles") or []:
        problems += _password(cluster, namespace, role)
    problems += _password(cluster, namespace, {"passwordSecret": _initial(spec).get("secret")})
    problems += _certificates(cluster, namespace, spec.get("certificates") or {})
    return problems[0] if problems else ""


def _certificates(cluster: Cluster, namespace: str, given: Mapping[str, Any]) -> list[str]:
    """What the Secrets of certificates that it was given lack."""
    server, authority = given.get("serverTLSSecret"), given.get("serverCASecret")
    if server and not authority:
        return ["Server CA secret can't be empty when server TLS secret is provided"]
    problems = list(lacking(cluster, "Secret", namespace, server, "tls.crt", "tls.key")) if server else []
    return problems + (list(lacking(cluster, "Secret", namespace, authority, "ca.crt")) if authority else [])


def _initial(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the first database is made."""
    bootstrap = spec.get("bootstrap") or {}
    found: Mapping[str, Any] = bootstrap.get("initdb") or bootstrap.get("recovery") or {}
    return found


def _password(cluster: Cluster, namespace: str, role: Mapping[str, Any]) -> list[str]:
    name = (role.get("passwordSecret") or {}).get("name")
    if not name:
        return []
    problems = list(lacking(cluster, "Secret", namespace, name, "username", "password"))
    secret = cluster.look("Secret", namespace, name)
    if secret is not None and secret.get("type") != "kubernetes.io/basic-auth":
        problems.append(f"secret {name} is of type {secret.get('type')}, want kubernetes.io/basic-auth")
    return problems


def _bring_up(cluster: Cluster, database: Mapping[str, Any]) -> None:
    name, namespace = database["metadata"]["name"], database["metadata"]["namespace"]
    for suffix in ("rw", "ro", "r"):
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"{name}-{suffix}", "namespace": namespace},
            "spec": {"type": "ClusterIP", "selector": {"cnpg.io/cluster": name}, "ports": [{"port": 5432}]},
        }
        cluster.apply_owned(database, service)
    secrets: dict[str, tuple[str, ...]] = {f"{name}-ca": ("ca.crt", "ca.key")}
    if not _initial(database["spec"]).get("secret"):  # with a Secret of the user the operator makes none
        secrets[f"{name}-app"] = ("username", "password", "uri")
    for secret, keys in secrets.items():
        obj = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": secret, "namespace": namespace},
            "data": encoded({key: f"simulated {key} of {name}" for key in keys}),
        }
        cluster.apply_owned(database, obj)


def _home(cluster: Cluster, obj: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
    """The ready cluster an object names, or why there is none."""
    name = obj["spec"]["cluster"]["name"]
    found = cluster.look(f"{_GROUP}/Cluster", obj["metadata"]["namespace"], name)
    if found is None:
        return None, f'Cluster "{name}" not found'
    return (found, "") if is_true(found, "Ready") else (None, f'Cluster "{name}" is not ready')


def _role_problem(cluster: Cluster, role: Mapping[str, Any]) -> str:
    _, problem = _home(cluster, role)
    problems = _password(cluster, role["metadata"]["namespace"], role["spec"])
    return problem or (problems[0] if problems else "")


def _database_problem(cluster: Cluster, database: Mapping[str, Any]) -> str:
    home, problem = _home(cluster, database)
    if home is None:
        return problem
    owner, namespace = database["spec"]["owner"], database["metadata"]["namespace"]
    spec = home["spec"]
    roles = {role["name"] for role in (spec.get("managed") or {}).get("roles") or []} | {"postgres"}
    roles.add(_initial(spec).get("owner", "app"))
    for role in cluster.each(f"{_GROUP}/DatabaseRole", namespace):
        if is_true(role, "Ready"):
            roles.add(role["spec"].get("name") or role["metadata"]["name"])
    return "" if owner in roles else f'ERROR: role "{owner}" does not exist (SQLSTATE 42704)'
