"""A platform that came up, for a test to break before the metrics of success are measured."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from lab.providers.kubernetes.cluster import RELEASES
from lab.success import Evidence, Metric, measure
from lab.world import Record, World
from smoke.client import Network
from tests.support.near import Near

Change = Callable[[Record], None]

HOSTS, SIGN_ON, ONBOARDING = "every host answers", "single sign-on on every service", "users appear by themselves"
PEOPLE, CHAT = "users and permissions come from Git", "chat is offered to Matrix clients"
IMAGES, VAULT = "images are pushed and pulled by robots", "no application talks to Vault"
ROTATION, RECREATION = "secrets rotate through External Secrets", "one command recreates everything"
CONTAINMENT, GLANCE = "a failed phase holds back only its dependents", "state of each phase at a glance"


@dataclass
class Scene:
    """The platform as it came up, for a test to break.

    Attributes:
        network: How the suite reaches it; with sockets only where certificates count.
    """

    evidence: Evidence
    network: type[Network] = Near

    @property
    def world(self) -> World:
        return self.evidence.cluster.world

    def release(self, key: str, change: Change) -> None:
        """Change the values of a release."""
        self._change(RELEASES, key, lambda record: change(record["values"]))

    def object(self, path: str, namespace: str, name: str, change: Change) -> None:
        """Change an object of the cluster."""
        found = self.evidence.cluster.get(path, namespace, name)
        assert found is not None, f"there is no {path} {namespace}/{name} to break"
        change(found)
        self.evidence.cluster.store(found)

    def record(self, table: str, key: str, change: Change) -> None:
        """Change anything else in the world."""
        self._change(table, key, change)

    def failed(self) -> dict[str, list[str]]:
        """The metrics that do not hold, with their problems."""
        return {metric.name: metric.problems for metric in self.metrics() if not metric.ok}

    def metrics(self) -> tuple[Metric, ...]:
        with patch("lab.success.platform.Network", self.network):
            return measure(self.evidence)

    def _change(self, table: str, key: str, change: Change) -> None:
        found = self.world.get(table, key)
        assert found is not None, f"there is no {key} in {table} to break"
        change(found)
        self.world.put(table, key, found)

    def rewire(self, phase: str, name: str, needs: Callable[[list[str], str], list[str]]) -> None:
        """Change what a resource of a phase needs; `needs` gets that, and the URN of a resource of phase 1."""
        state = copy.deepcopy(dict(self.evidence.state))
        ours, foreign = _member(state, phase, name), _member(state, "phase1-infrastructure", "vault-gate")
        ours["dependencies"] = needs(ours.get("dependencies") or [], foreign["urn"])
        self.evidence = replace(self.evidence, state=state)


def _member(state: dict[str, Any], phase: str, name: str) -> dict[str, Any]:
    parents = {one["urn"]: one.get("parent", "") for one in state["resources"]}

    def home(urn: str) -> str:
        while "::home-cluster:phase:Phase::" not in urn:
            urn = parents[urn]
        return urn.rpartition("::")[2]

    named = [one for one in state["resources"] if one.get("custom") and one["urn"].rpartition("::")[2] == name]
    found: dict[str, Any] = next(one for one in named if home(one["urn"]) == phase)
    return found
