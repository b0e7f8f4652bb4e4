"""What report.json says of each resource: when it was worked on, how that ended, what it held back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from reporting import timeline, work
from reporting.fates import Ending, Fate, Resources, dependencies
from reporting.phase import Phase, name_of
from reporting.phases import EARLY, Phases
from reporting.plan import home
from reporting.timeline import Step, Timeline

_ON_THE_PATH: Final = ("name", "type", "op", "started", "finished")

Document = Mapping[str, Any]

CHANGES: Final = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
"""Operation -> in words, of those that change something."""
_MADE: Final = CHANGES.keys() - {"delete"}


def told(
    phases: Phases, resources: Resources, endings: Mapping[str, Ending], previous: Mapping[str, Any]
) -> dict[str, Any]:
    """Phases, resources and times of an operation that is over.

    `resources` are those of the plan and the state, `endings` what became of them (reporting.fates); both are empty
    where that is not known. Seconds are counted from the begin of the operation.
    """
    needs = {urn: tuple(dependencies(resources, one)) for urn, one in resources.items()}
    line = timeline.read(phases.events, needs)
    # The engine's events know the parents of what is no longer there, the plan those of what was not reached.
    parents = {**resources, **{step.urn: {"parent": step.parent} for step in line.steps}}
    homes = {urn: name_of(home(parents, urn) or "") for urn in parents}
    ordered = phases.ordered()
    errors = [one for one in phases.events if one["event"] == "message" and one["severity"] == "error"]
    said = {one["urn"]: one["text"] for one in reversed(errors)}
    failed = {step.urn: said.get(step.urn, "") for step in line.steps if step.failed}
    failed |= {urn: text for phase in ordered for urn, text in phase.failed.items() if text}
    return {
        "phases": [phase.report() | _duration(phase, line, homes) for phase in ordered],
        "timeline": {"clock": "simulated" if line.simulated else "real", "seconds": line.seconds},
        "resources": [
            _resource(step, homes, failed) | ({"blocks": _blocked(step, endings, homes)} if step.failed else {})
            for step in line.steps
            if step.worked
        ],
        "errors": _once(one["text"] for one in errors if one["urn"] not in failed),
        "criticalPath": [
            {key: value for key, value in _resource(step, homes, failed).items() if key in _ON_THE_PATH}
            for step in line.path
        ],
        "previous": previous,
    }


def _duration(phase: Phase, line: Timeline, homes: Mapping[str, str]) -> dict[str, Any]:
    """How many resources were changed; and, where any was, when the first one began that waits for the gates before the
    phase, and the seconds from there to the last one. What left the phase is not counted, as it does so after all else.
    """
    steps = [one for one in line.steps if one.worked and one.op in _MADE and homes[one.urn] == phase.name]
    begun = [one.started for one in steps if not one.type.startswith(EARLY)]
    ended = [one.finished for one in steps if one.finished is not None]
    if not (begun and ended):
        return {"changed": len(steps), "begun": None, "seconds": None}
    return {"changed": len(steps), "begun": min(begun), "seconds": max(max(ended) - min(begun), 0)}


def _resource(step: Step, homes: Mapping[str, str], failed: Mapping[str, str]) -> dict[str, Any]:
    status = "failed" if step.failed else "cut off" if step.finished is None else "done"
    return {
        "name": name_of(step.urn),
        "type": step.type,
        "phase": homes[step.urn],
        "op": step.op,
        "started": step.started,
        "finished": step.finished,
        "status": status,
        "message": failed.get(step.urn, "") if step.failed else "",
    }


def _blocked(failed: Step, endings: Mapping[str, Ending], homes: Mapping[str, str]) -> dict[str, list[str]]:
    """What waits for a resource that failed: phase -> names."""
    found: dict[str, list[str]] = {}
    for urn, ending in endings.items():
        if ending.fate is Fate.BLOCKED and failed.urn in ending.by:
            found.setdefault(homes[urn], []).append(name_of(urn))
    return {phase: sorted(names) for phase, names in found.items()}


def _once(texts: Iterable[str]) -> list[str]:
    """Texts, without those that only repeat an earlier one with more words."""
    kept: list[str] = []
    for text in texts:
        kept += [] if any(one in text for one in kept) else [text]
    return kept


def durations(document: Document) -> dict[str, Any]:
    """How long everything took the last time it was done, by the report of a run: `previous` in that of the next one.

    What that run had no need to do it knows from those before it. Resources are known by operation, type and name.
    """
    earlier: dict[str, Any] = document["previous"]
    if document["simulated"] and document["timeline"]["clock"] == "real":  # broken off: nothing that could be compared
        return earlier
    phases = {one["name"]: {key: one[key] for key in ("seconds", "changed")} for one in _measured(document["phases"])}
    done = (one for one in document["resources"] if one["status"] == "done")
    resources = {key(one): one["finished"] - one["started"] for one in done}
    return {
        "phases": earlier.get("phases", {}) | phases,
        "resources": earlier.get("resources", {}) | resources,
    }


def _measured(phases: Iterable[Document]) -> list[Document]:
    return [one for one in phases if one["seconds"] is not None]


def key(resource: Document) -> str:
    """What a resource is known by in the next run."""
    return work.key(resource["op"], resource["type"], resource["name"])
