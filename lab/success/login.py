"""Metrics of the one login and of what people find behind it: the acceptance suite, asked of the simulated cluster."""

from __future__ import annotations

from collections.abc import Sequence

from lab.success import platform
from lab.success.evidence import Evidence, Metric
from smoke.check import Result, Status

_PROOF = "{} of {} checks of `make smoke`, asked of doubles that were set up from the simulated cluster"


def ask(evidence: Evidence) -> Sequence[Metric]:
    """Each metric of the suite."""
    return judge(platform.ask(evidence.cluster, evidence.settings, evidence.state))


def judge(results: Sequence[Result]) -> Sequence[Metric]:
    """One metric for each that the suite has; none of what could not be asked at all."""
    found = []
    for name in dict.fromkeys(one.check.metric for one in results):
        own = [one for one in results if one.check.metric == name]
        asked = [one for one in own if one.status is not Status.SKIPPED]
        judged = {one.check.name: one.detail if one.status is Status.FAILED else "" for one in asked}
        if judged:
            found.append(Metric(name, judged, _PROOF.format(len(asked), len(own))))
    return found
