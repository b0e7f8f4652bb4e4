"""Checks of the volumes of chains that are backed up: theirs, told apart, and with room for what copies them."""

from collections import Counter
from collections.abc import Iterator

from components.backup.target import Part
from declarations.volumes import MEMORY
from lib.kubernetes import quantity_bytes
from register.services import SERVICES
from settings.chains import CONTAINER_ASKS
from settings.model import Settings
from settings.problem import Problem

_LONGEST = 52 - len("volume-")
"""Names of CronJobs have 52 characters at most (kubernetes, pkg/apis/batch/validation, validateCronJobName)."""


def volumes_are_of_the_chain(settings: Settings) -> Iterator[Problem]:
    for name, chain in settings.chains.items():
        for volume, declared in chain.volumes.items():
            if declared.namespace not in chain.namespaces:
                clash, fix = "is no namespace of the chain", f"use one of {', '.join(chain.namespaces)}"
                yield Problem(f"chains.{name}.volumes.{volume}.namespace", declared.namespace, clash, fix)


def volumes_are_told_apart(settings: Settings) -> Iterator[Problem]:
    """By the name, `make restore` knows what is wanted, and the target keeps the repositories apart."""
    taken = {part.value: "a part of a backup" for part in Part} | {"all": "everything that is backed up"}
    for service in SERVICES:
        taken |= dict.fromkeys((service.slug, *(one.name for one in service.volumes)), f"what {service.slug} stores")
    for name, chain in settings.chains.items():
        for volume in chain.volumes:
            key = f"chains.{name}.volumes.{volume}"
            if volume in taken:
                yield Problem(key, volume, f"is already the name of {taken[volume]}", "rename it")
            elif len(volume) > _LONGEST:
                clash = f"has {len(volume)} characters, and the CronJob that is named after it takes {_LONGEST}"
                yield Problem(key, volume, clash, f"shorten it by {len(volume) - _LONGEST}")
            taken.setdefault(volume, f"a volume of chains.{name}")


def namespaces_hold_their_backups(settings: Settings) -> Iterator[Problem]:
    """They all run at the same time, and the quota of the namespace counts them."""
    for name, chain in settings.chains.items() if settings.backup is not None else ():
        for namespace, count in Counter(one.namespace for one in chain.volumes.values()).items():
            declared = chain.namespaces.get(namespace)
            asked = count * quantity_bytes(MEMORY) + quantity_bytes(CONTAINER_ASKS)
            if declared is not None and quantity_bytes(declared.memory) < asked:
                clash = f"is less than {MEMORY} for the backup of each of {count} and {CONTAINER_ASKS} of what writes"
                key = f"chains.{name}.namespaces.{namespace}.memory"
                yield Problem(key, declared.memory, clash, f"give it {asked >> 20}Mi or more")


ALL = (volumes_are_of_the_chain, volumes_are_told_apart, namespaces_hold_their_backups)
