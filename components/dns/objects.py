"""Objects that run PowerDNS: pods on different nodes, and the Services that lead to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.dns import configuration
from components.dns.names import API_PORT, DNS_PORT, POD_PORT, WORKLOAD
from lib.images import POSTGRES, POWERDNS
from lib.kubernetes import from_secret, resources, restricted_container, restricted_pod
from lib.names import CA_DIRECTORY, POSTGRES_HOST

LABELS: Mapping[str, str] = {"app.kubernetes.io/name": WORKLOAD, "app.kubernetes.io/part-of": "home-cluster"}
MEMORY = 128
"""Of each pod, in MiB."""
SCHEMA_SCRIPT = "powerdns_schema.py"
SECRET_FILE = "secret.conf"

_UID = 953
"""The user of the image (its Dockerfile)."""
_SCRIPT_FOLDER, _SCHEMA_FOLDER = "/scripts", "/schema"


@dataclass(frozen=True, kw_only=True)
class PodArgs:
    """What the pods are given.

    Attributes:
        replicas: How many there are.
        database: Name of the database and of its role.
        configuration: ConfigMap with pdns.conf, the policy of updates and the script of the schema.
        secret: Secret with `secret.conf` and `password`.
        ca_config_map: ConfigMap whose `ca.crt` signed the certificate of Postgres.
    """

    replicas: int
    database: str
    configuration: pulumi.Input[str]
    secret: pulumi.Input[str]
    ca_config_map: pulumi.Input[str]


def deployment(args: PodArgs) -> Any:
    """Spec of the Deployment: one pod after the other, as the database counts their connections."""
    return {
        "replicas": args.replicas,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "selector": {"matchLabels": dict(LABELS)},
        "template": {"metadata": {"labels": dict(LABELS)}, "spec": _pod(args)},
    }


def _pod(args: PodArgs) -> dict[str, Any]:
    secret_file = {"key": SECRET_FILE, "path": SECRET_FILE}
    return {
        "automountServiceAccountToken": False,
        "securityContext": restricted_pod(_UID),
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [_APART]}},
        "initContainers": [_schema_of_the_image(), _schema_into_the_database(args)],
        "containers": [_server()],
        "volumes": [
            {"name": "configuration", "configMap": {"name": args.configuration}},
            {"name": "secrets", "secret": {"secretName": args.secret, "items": [secret_file]}},
            {"name": "ca", "configMap": {"name": args.ca_config_map}},
            {"name": "schema", "emptyDir": {}},
            {"name": "sockets", "emptyDir": {}},
        ],
    }


_APART = {
    "weight": 100,
    "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": dict(LABELS)}},
}


def _mount(name: str, path: str, *, written: bool = False) -> dict[str, Any]:
    return {"name": name, "mountPath": path, **({} if written else {"readOnly": True})}


def _schema_of_the_image() -> dict[str, Any]:
    """The image has Python, and no client of Postgres."""
    return {
        "name": "schema",
        "image": POWERDNS,
        "command": ["python3", f"{_SCRIPT_FOLDER}/{SCHEMA_SCRIPT}"],
        # `dist_doc_DATA` of modules/gpgsqlbackend/Makefile.am.
        "env": [
            {"name": "SCHEMA", "value": "/usr/local/share/doc/pdns"},
            {"name": "TARGET", "value": _SCHEMA_FOLDER},
        ],
        "resources": resources("10m", "64Mi"),
        "securityContext": restricted_container(),
        "volumeMounts": [_mount("configuration", _SCRIPT_FOLDER), _mount("schema", _SCHEMA_FOLDER, written=True)],
    }


def _schema_into_the_database(args: PodArgs) -> dict[str, Any]:
    plain = {
        "PGHOST": POSTGRES_HOST,
        "PGDATABASE": args.database,
        "PGUSER": args.database,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": configuration.CA_FILE,
    }
    return {
        "name": "migrate",
        "image": POSTGRES,
        "command": ["psql", "--no-psqlrc", "--quiet", f"--file={_SCHEMA_FOLDER}/main.sql"],
        "env": [
            *({"name": variable, "value": value} for variable, value in plain.items()),
            from_secret("PGPASSWORD", args.secret, "password"),
        ],
        "resources": resources("10m", "64Mi"),
        "securityContext": restricted_container(),
        "volumeMounts": [_mount("schema", _SCHEMA_FOLDER), _mount("ca", CA_DIRECTORY)],
    }


def _server() -> dict[str, Any]:
    # Open ports: while the database is away, what is remembered is still answered, and the rest with SERVFAIL, which
    # sends people to another server at once. Without a pod they would wait for an answer.
    listens = {"tcpSocket": {"port": "dns-tcp"}}
    return {
        "name": WORKLOAD,
        "image": POWERDNS,
        "command": ["/usr/bin/tini", "--", "/usr/local/sbin/pdns_server"],
        "args": [f"--config-dir={configuration.CONFIG_FOLDER}"],
        "ports": [
            {"name": "dns", "containerPort": POD_PORT, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": POD_PORT, "protocol": "TCP"},
            {"name": "api", "containerPort": API_PORT, "protocol": "TCP"},
        ],
        "readinessProbe": listens,
        "livenessProbe": {**listens, "failureThreshold": 6},
        "resources": resources("50m", f"{MEMORY}Mi"),
        "securityContext": restricted_container(),
        "volumeMounts": [
            _mount("configuration", configuration.CONFIG_FOLDER),
            _mount("secrets", configuration.SECRET_FOLDER),
            _mount("sockets", configuration.SOCKET_FOLDER, written=True),
            _mount("ca", CA_DIRECTORY),
        ],
    }


def dns_service() -> Any:
    """Spec of the Service of type LoadBalancer: both protocols on one address."""
    return {
        "type": "LoadBalancer",
        "selector": dict(LABELS),
        "ports": [
            {"name": "dns", "port": DNS_PORT, "targetPort": "dns", "protocol": "UDP"},
            {"name": "dns-tcp", "port": DNS_PORT, "targetPort": "dns-tcp", "protocol": "TCP"},
        ],
    }


def api_service() -> Any:
    """Spec of the Service of the API, inside the cluster."""
    return {"selector": dict(LABELS), "ports": [{"name": "api", "port": API_PORT, "targetPort": "api"}]}
