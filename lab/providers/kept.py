"""What the doubles of services hold between two requests: their databases, as records of the world."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.endpoints import Backend


def load(cluster: Cluster, table: str, service: Backend) -> dict[str, Any]:
    """The attributes that were saved; numbers that are keys are numbers again."""
    record = cluster.world.get(table, _key(service)) or {}
    return {name: _numbered(held) if isinstance(held, dict) else held for name, held in record.items()}


def save(cluster: Cluster, table: str, service: Backend, double: object, names: Sequence[str]) -> None:
    """Keep these attributes of a double."""
    record = json.loads(json.dumps({name: getattr(double, name) for name in names}))
    cluster.world.put(table, _key(service), record, sealed=True)


def _key(service: Backend) -> str:
    return f"{service.namespace}/{service.name}"


def _numbered(rows: dict[str, Any]) -> dict[Any, Any]:
    return {int(key) if key.isdecimal() else key: row for key, row in rows.items()}
