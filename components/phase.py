"""A phase of the bring-up: everything in it waits for the gates of what it builds on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi

from components.barrier import barrier

EARLY = frozenset({"kubernetes:core/v1:Namespace", "kubernetes:external-secrets.io/v1:ExternalSecret"})
"""The way of a secret waits for no gate of a phase: what it needs, it names itself.

A renewed secret reaches all its readers at once, whatever has still to be proven before its phase.
"""
_STASH = "pulumi:index:Stash"


@dataclass(frozen=True, kw_only=True)
class PhaseArgs:
    """What a phase waits for.

    Attributes:
        after: Gates (resources that exist only once something is ready) of the phases before.
    """

    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class Phase(pulumi.ComponentResource):
    """Groups a phase; its name shows in the URN of every resource below it, so the plan itself reads in phases.

    Creates the barrier `<name>-gates` before the gates in `after`, if there are any. Every custom resource below the
    phase depends on it, except those of the types in EARLY: an order that no data carries, stated once here instead of
    in every component. (An option on a component does not reach its children, so the phase hands it down as a
    transformation.)
    """

    def __init__(self, name: str, args: PhaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        gates: list[pulumi.Resource] = []
        super().__init__(
            "home-cluster:phase:Phase", name, None, pulumi.ResourceOptions.merge(opts, handing_down(gates))
        )
        if args.after:
            gates.append(barrier(f"{name}-gates", args.after, self))
        self.register_outputs({})


def handing_down(gates: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
    """Options of a component whose members wait for `gates`, which may be filled once the component is there."""

    def wait_for_gates(member: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        # A stash stands for a gate, which waits itself.
        if not gates or not isinstance(member.resource, pulumi.CustomResource) or member.type_ in EARLY | {_STASH}:
            return None
        merged = pulumi.ResourceOptions.merge(member.opts, pulumi.ResourceOptions(depends_on=list(gates)))
        return pulumi.ResourceTransformationResult(props=member.props, opts=merged)

    return pulumi.ResourceOptions(transformations=[wait_for_gates])
