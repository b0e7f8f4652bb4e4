"""What is brought up with a part: the part, what it needs, and of the record of settings only what was applied.

The engine (pulumi 3.250 pkg/resource/deploy/step_generator.go) leaves a resource that is no target as the state has it,
skips one that is new, and refuses a target that needs a skipped one; providers and the stack's outputs it always brings
up to date. Of what went from the program it deletes targets, and refuses where something that depends on a target would
have to go without being one. So the targets are what changes, and what works with that: as few as can be.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from tools.selection import planned
from tools.selection.parts import Part, members, place
from tools.selection.planned import PHASE, Graph, Steps

GENERATION: Final = "rotation.generations."
_RECORD: Final = "home-cluster:applied_settings:AppliedSettings$pulumi:index:Stash::"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What a plan does to a part.

    Attributes:
        services: Slugs of the services that the stack file switches on.
        members: URNs of what belongs to the part.
        chosen: Those, what they need, and where it is wanted what depends on them.
        targets: For the engine; none where nothing of it changes.
        recorded: Keys of the record of settings that change for what is chosen alone.
        unrecorded: Those that change also for something that is left as it is.
    """

    part: Part
    steps: Steps
    services: Collection[str]
    members: frozenset[str]
    chosen: frozenset[str]
    targets: frozenset[str]
    recorded: frozenset[str] = frozenset()
    unrecorded: frozenset[str] = frozenset()

    @property
    def changing(self) -> list[str]:
        """URNs of what the part's update changes."""
        return [urn for urn, step in self.steps.items() if step.changed and urn in self.targets]

    @property
    def left(self) -> list[str]:
        """URNs of what would change, and is left as it is."""
        return [urn for urn, step in self.steps.items() if step.changed and urn not in self.targets]


def select(part: Part, steps: Steps, services: Collection[str], applied: Mapping[str, str]) -> Selection:
    """The part of a plan; `applied` is the record of settings in the state.

    Raises:
        SelectionError: when there is no such part.
    """
    own = members(part, steps, services)
    graph = planned.order(steps)
    chosen = _chosen(part, own, steps, graph)
    record = next((urn for urn in steps if _RECORD in urn), "")
    changed = {urn for urn in chosen if steps[urn].changed} - {record}
    targets = frozenset(changed | planned.reached(planned.use(graph, steps), changed) & chosen)
    keys = _keys(steps, record, applied)
    left = [step.urn for step in steps.values() if step.changed and step.urn not in targets and step.urn != record]
    unrecorded = frozenset(key for key in keys if any(_concerns(key, urn, steps, services) for urn in left))
    recorded = frozenset(keys) - unrecorded
    return Selection(
        part=part,
        steps=steps,
        services=services,
        members=own,
        chosen=chosen,
        targets=targets | {record} if recorded else targets,
        recorded=recorded,
        unrecorded=unrecorded,
    )


def _chosen(part: Part, own: frozenset[str], steps: Steps, graph: "Graph[str]") -> frozenset[str]:
    """The part and what it needs; of what a change therein moves, what stands in the same components, such as the
    CronJob beside a Job; and where that is wanted whatever is moved, or depends on the part."""
    backwards, working = graph.reverse(), planned.use(graph, steps)
    chosen, grown = frozenset[str](), own
    while grown != chosen:
        chosen = frozenset(grown | planned.reached(backwards, grown))
        around = {steps[urn].parent for urn in chosen if _in_component(urn, steps)}
        moved = planned.reached(working, (urn for urn in chosen if steps[urn].changed))
        after = {one for one in moved if steps[one].changed and (part.dependents or steps[one].parent in around)}
        grown = chosen | after | (planned.reached(graph, own) if part.dependents else set())
    return chosen


def _in_component(urn: str, steps: Steps) -> bool:
    parent = steps.get(steps[urn].parent)
    return parent is not None and parent.is_component and parent.type != PHASE


def _keys(steps: Steps, record: str, applied: Mapping[str, str]) -> list[str]:
    """Keys of the record that change."""
    if not record or not steps[record].changed:
        return []
    new: Mapping[str, str] = steps[record].inputs.get("input") or {}
    return sorted(key for key in {*new, *applied} if new.get(key) != applied.get(key))


def _concerns(key: str, urn: str, steps: Steps, services: Collection[str]) -> bool:
    """Whether a setting may be about a resource; one of no service and no secret may be about all."""
    if key.startswith(GENERATION):
        return steps[urn].name.startswith(f"{key.removeprefix(GENERATION).replace('/', '-')}-")
    owner = key.partition(".")[0]
    return owner not in services or place(urn, steps, services) == owner
