"""Spec of the platform's Postgres cluster: what it survives, what it may use and whom it lets in.

Fields: the definitions of CloudNativePG 1.30; behaviour: its documentation (replication, failover, scheduling,
kubernetes_upgrade, certificates) and, for `pg_hba`, pkg/postgres/configuration.go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from components.databases.archive import Archive, archiving, recovered
from declarations.databases import INITIAL_DATABASE
from lib.images import POSTGRES
from lib.kubernetes import HOSTNAME, ZONE, mebibytes, resources
from lib.names import MONITORING, POSTGRES_CLUSTER, POSTGRES_PORT, SERVICES_DOMAIN, SystemNamespace
from lib.network import Ingress
from register.databases import max_connections

API_VERSION = "postgresql.cnpg.io/v1"
RELOAD: Mapping[str, str] = {"cnpg.io/reload": "true"}
"""Label of a Secret whose changes the operator and the instances follow at once."""
LABELS: Mapping[str, str] = {"cnpg.io/cluster": POSTGRES_CLUSTER}
"""Of every pod of the cluster, the Jobs that initialise or clone an instance included."""
METRICS_PORT = 9187
_STATUS_PORT = 8000
"""Where the operator, and the kubelet's probes, reach the instance manager."""

# Rules of the cluster come after the fixed ones (local sockets, replication by certificate) and before the default,
# which would admit anyone with a password to any database, TLS or not.
_ACCESS = ("hostssl sameuser all all scram-sha-256", "host all all all reject")


@dataclass(frozen=True, kw_only=True)
class PostgresSpec:
    """Inputs of the spec.

    Attributes:
        durability: Whether a write waits for a second instance when there is none (`required`) or goes on without.
        spread: Whether every instance has a worker of its own for certain.
        owner_secret: Secret of type basic-auth for the owner of the initial database.
        certificate_secret: Secret with tls.crt, tls.key and ca.crt.
        archive: Where the log and base backups go; None where there are no backups.
    """

    instances: int
    durability: Literal["preferred", "required"]
    memory: str
    size: str
    storage_class: pulumi.Input[str]
    spread: bool
    authentik_servers: int
    owner_secret: pulumi.Input[str]
    certificate_secret: pulumi.Input[str]
    archive: Archive | None = None


def spec(args: PostgresSpec) -> Any:
    """`spec` of the Cluster."""
    several = args.instances > 1
    return {
        "instances": args.instances,
        "imageName": POSTGRES,
        "storage": {"size": args.size, "storageClass": args.storage_class},
        "resources": resources("100m", args.memory),
        "postgresql": {
            "parameters": _parameters(args),
            "pg_hba": list(_ACCESS),
            **({"synchronous": _synchronous(args)} if several else {}),
        },
        "affinity": {
            "enablePodAntiAffinity": True,
            "topologyKey": HOSTNAME,
            "podAntiAffinityType": "required" if args.spread else "preferred",
            # Nor on nodes of one host, where there are others: its volume keeps an instance where it once was.
            "additionalPodAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [_other_host()]},
        },
        # Of a single instance a budget would keep its node from ever being drained.
        "enablePDB": several,
        # An update ends with another instance taking over, which takes seconds, and not with a restart of the primary.
        "primaryUpdateStrategy": "unsupervised",
        "primaryUpdateMethod": "switchover" if several else "restart",
        "certificates": {"serverTLSSecret": args.certificate_secret, "serverCASecret": args.certificate_secret},
        **_beginning(args),
    }


def _beginning(args: PostgresSpec) -> dict[str, Any]:
    """How the databases come into being, and where they are archived from then on."""
    # The owner of the initial database is named so that the operator makes no password of its own.
    owned = {"database": INITIAL_DATABASE, "owner": INITIAL_DATABASE, "secret": {"name": args.owner_secret}}
    if args.archive is None:
        return {"bootstrap": {"initdb": owned}}
    return archiving(args.archive) | (recovered(args.archive, owned) or {"bootstrap": {"initdb": owned}})


def _other_host() -> dict[str, Any]:
    term = {"labelSelector": {"matchLabels": dict(LABELS)}, "topologyKey": ZONE}
    return {"weight": 100, "podAffinityTerm": term}


def _parameters(args: PostgresSpec) -> dict[str, str]:
    return {
        "max_connections": str(max_connections(args.authentik_servers)),
        "shared_buffers": f"{mebibytes(args.memory) // 4}MB",
        # The log that a lost instance has yet to read is kept for it, without a limit by default: it would fill the
        # volume and stop the primary. Beyond this the instance is cloned anew.
        "max_slot_wal_keep_size": f"{mebibytes(args.size) // 4}MB",
    }


def _synchronous(args: PostgresSpec) -> dict[str, Any]:
    """A commit is acknowledged once one other instance has it, so a failover loses nothing that was acknowledged.

    `preferred` does without while there is no other healthy instance. The quorum keeps an instance that may lack a
    commit from taking over; with `preferred` it would also keep the only remaining one from it.
    """
    required = args.durability == "required"
    return {
        "method": "any",
        "number": 1,
        "dataDurability": args.durability,
        **({"failoverQuorum": True} if required else {}),
    }


def ingress(owners: Sequence[str]) -> tuple[Ingress, ...]:
    """Who may connect to the instances: each other, the operator, the namespaces of the applications, metrics."""
    return (
        Ingress(ports=(POSTGRES_PORT, _STATUS_PORT), peers=LABELS, namespaces=(SystemNamespace.CLOUDNATIVE_PG,)),
        *([Ingress(ports=(POSTGRES_PORT,), namespaces=owners)] if owners else []),
        Ingress(ports=(METRICS_PORT,), namespaces=(MONITORING,)),
    )


def hosts() -> tuple[str, ...]:
    """DNS names of the Services of the cluster: -rw leads to the primary, -ro to the others, -r to all."""
    domains = (
        "",
        f".{SystemNamespace.DATABASES}",
        f".{SystemNamespace.DATABASES}.svc",
        f".{SystemNamespace.DATABASES}.{SERVICES_DOMAIN}",
    )
    return tuple(f"{POSTGRES_CLUSTER}-{role}{domain}" for role in ("rw", "ro", "r") for domain in domains)
