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


def archives_follow_each_other(settings: Settings) -> Iterator[Problem]:
    """Another archive is another cluster of Postgres, which somebody wants only for what there was before."""
    databases, key = settings.databases, "databases.archive"
    recovery, following = databases.recovery, databases.archive > 1
    if following and settings.backup is None:
        fix = "add backup with the target that has the archives"
        yield Problem(key, databases.archive, "is made of an earlier one, and without backup there is none", fix)
    if following and recovery is None:
        fix = "add databases.recovery with its number"
        yield Problem(key, databases.archive, "does not say which earlier one the databases come from", fix)
    if recovery is not None and recovery.archive >= databases.archive:
        clash = f"is not before databases.archive {databases.archive}, which what is recovered writes to"
        fix = f"write {recovery.archive + 1} there to recover from {recovery.archive}, or remove databases.recovery"
        yield Problem("databases.recovery.archive", recovery.archive, clash, fix)


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
