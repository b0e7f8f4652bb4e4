"""Volumes with what people stored and no database holds; stacks/backup.py makes the backup of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MEMORY = "512Mi"
"""Of the pod that copies one, for as long as that takes; most of it holds the index of the repository."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A claim, and what writes to it.

    Attributes:
        name: Of its repository in the target, and of what is asked to be restored.
        namespace: Where claim and workload are.
        claim: Name of the PersistentVolumeClaim.
        kind, workload: What writes to it, of one pod.
        labels: Of that pod, beside which a backup runs: a volume of one node is mounted nowhere else.
        user: Of the process that writes, to which files belong.
        quiesce: Whether it is stopped for a backup; for a restore it always is.
        holds: What is in it, for people to read.
        order: Why a database of the moment at which the backup began fits it.
    """

    name: str
    namespace: str
    claim: str
    kind: Literal["deployments", "statefulsets"]
    workload: str
    labels: Mapping[str, str]
    user: int
    quiesce: bool = False
    holds: str
    order: str

    @property
    def backup(self) -> str:
        """Name of the CronJob of its backups, of its account and Role, and of the Secret that it reads."""
        return f"volume-{self.name}"
