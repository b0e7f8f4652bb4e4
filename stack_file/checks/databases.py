"""Checks of the databases across sections."""

from collections.abc import Iterator

from lib.kubernetes import mebibytes
from register.databases import max_connections
from settings.model import Settings
from settings.problem import Problem

_SAFE_INSTANCES = 3
"""With two, the restart of one is enough to stop every write that must reach a second."""
_CONNECTION_MEBIBYTES = 4
"""Memory of a connection that sorts: the default `work_mem` of Postgres."""


def durability_has_instances(settings: Settings) -> Iterator[Problem]:
    databases = settings.databases
    if databases.durability == "required" and databases.instances < _SAFE_INSTANCES:
        yield Problem(
            "databases.durability",
            databases.durability,
            f"would stop every write whenever one of databases.instances {databases.instances} restarts",
            f"use preferred, or {_SAFE_INSTANCES} instances",
        )


def memory_holds_the_connections(settings: Settings) -> Iterator[Problem]:
    connections = max_connections(settings.identity.replicas)
    wanted = connections * _CONNECTION_MEBIBYTES
    if mebibytes(settings.databases.memory) < wanted:
        yield Problem(
            "databases.memory",
            settings.databases.memory,
            f"is too little for the {connections} connections of the services",
            f"use {wanted}Mi or more",
        )
