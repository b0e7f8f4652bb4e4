"""An operation of the engine as its events tell it, played with the resources of a recorded program."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reporting import fates, graph, plan
from reporting.document import told
from reporting.phases import Phases, is_declared
from tests.support.recording import Recording


@dataclass(frozen=True, kw_only=True)
class Played:
    """What the page is made from."""

    document: dict[str, Any]
    svg: str


def resource(urn: str, *needs: str, parent: str = "", **more: Any) -> dict[str, Any]:
    """A resource as a plan has it."""
    kind = urn.split("::")[2].rpartition("$")[2]
    return {"urn": urn, "type": kind, "parent": parent, "custom": True, "dependencies": list(needs), **more}


def events(one: Mapping[str, Any], second: float, until: float | None, **more: Any) -> list[dict[str, Any]]:
    """A step of a resource from one second to another; to None when it is cut off."""
    step = {
        "op": "create",
        "initErrors": [],
        "diffs": [],
        **{key: one[key] for key in ("urn", "type", "parent")},
        **more,
    }
    ended = [] if until is None else [{"event": "done", "time": until, **step}]
    return [{"event": "start", "time": second, **{key: step[key] for key in step if key != "simulated"}}, *ended]


def played(
    program: Recording, failing: str = "", message: str = "", previous: Mapping[str, Any] | None = None
) -> Played:
    """A bring-up of the program on the lab in which one resource fails, with a message; each takes 15 seconds."""
    table = {
        one.urn: resource(
            one.urn,
            *sorted(one.dependencies),
            parent=one.parent,
            custom=one.custom,
            provider=one.provider,
        )
        for one in sorted(program.resources, key=lambda one: one.order)
    }
    failed = {urn for urn in table if urn.endswith(f"::{failing}")} if failing else set[str]()
    held = {urn for urn, ending in fates.judge(table, (), failed).items() if ending.fate is fates.Fate.BLOCKED}
    phases = Phases()
    for urn, one in table.items():
        if urn not in held:
            begin, end = events(one, 0, 1, simulated=0 if is_declared(one["type"]) else 15)
            told_of = [
                {"event": "message", "severity": "error", "urn": urn, "text": message},
                {**end, "event": "failed"},
            ]
            for event in (begin, *(told_of if urn in failed else [end])):
                phases.see(event)
    for more in ("", "an unhandled error occurred: ") if failed else ():
        phases.see({"event": "message", "severity": "error", "urn": None, "text": f"{more}{len(held)} were left"})
    endings = fates.judge(table, *phases.urns())
    drawn = plan.read({"resources": table.values()}, endings)
    phases.end({phase.name: phase.ending.by for phase in drawn.phases})
    document = {
        "stack": "test-cluster",
        "result": "update failed" if failing else "succeeded",
        "simulated": True,
        **told(phases, table, endings, previous or {}),
        "urls": {"auth": "https://auth.example.com", "odd": "javascript:alert(1)"},
        "changes": phases.changes(),
        "seconds": 61.2,
        "secondPreview": None if failing else {"same": 3},
        "success": [
            {"metric": "one login", "ok": not failing, "result": "x", "evidence": "2 hosts", "problems": ["a<b"]}
        ],
    }
    return Played(document=document, svg=graph.svg(drawn))
